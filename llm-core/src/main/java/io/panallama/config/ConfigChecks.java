package io.panallama.config;

/** Range checks whose messages name the option, its value and the allowed range. */
final class ConfigChecks {
  private ConfigChecks() {}

  static void inRange(String option, int value, int low, int high) {
    if (value < low || value > high) {
      throw refused(option, value, high == Integer.MAX_VALUE ? low + " or more" : low + " to " + high);
    }
  }

  static void inRange(String option, float value, float low, float high) {
    if (!(value >= low && value <= high)) {
      throw refused(option, value, high == Float.MAX_VALUE ? low + " or more" : low + " to " + high);
    }
  }

  /** Requires a number larger than 0, or the value that leaves the choice to the model. */
  static void positiveOr(String option, float value, float open) {
    if (value != open && !(value > 0 && value <= Float.MAX_VALUE)) {
      throw refused(option, value, "larger than 0, or " + open + " for the model's own");
    }
  }

  /** Requires a number of at least 0, or the value that leaves the choice to the model. */
  static void notNegativeOr(String option, float value, float open) {
    if (value != open && !(value >= 0 && value <= Float.MAX_VALUE)) {
      throw refused(option, value, "0 or more, or " + open + " for the model's own");
    }
  }

  private static IllegalArgumentException refused(String option, Object value, String allowed) {
    return new IllegalArgumentException(option + " is " + value + "; it must be " + allowed + ".");
  }
}
