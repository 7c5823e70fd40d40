package io.panallama.error;

import static io.panallama.error.InvalidRequestException.name;

/** Range checks whose messages name the parameter, its value and the allowed range. */
public final class Checks {
  private Checks() {}

  /** Requires a value from {@code low} to {@code high}. */
  public static void inRange(String parameter, int value, int low, int high) {
    if (value < low || value > high) {
      throw outOfRange(parameter, value, high == Integer.MAX_VALUE ? low + " or more" : low + " to " + high);
    }
  }

  /** Requires a number from {@code low} to {@code high}; NaN is rejected. */
  public static void inRange(String parameter, float value, float low, float high) {
    if (!(value >= low && value <= high)) {
      throw outOfRange(
          parameter, value, high == Float.MAX_VALUE ? plain(low) + " or more" : plain(low) + " to " + plain(high));
    }
  }

  /** Requires a finite number larger than 0. */
  public static void positive(String parameter, float value) {
    if (!(value > 0 && value <= Float.MAX_VALUE)) {
      throw outOfRange(parameter, value, "larger than 0");
    }
  }

  /** Requires a number that is neither infinite nor NaN. */
  public static void finite(String parameter, float value) {
    if (!Float.isFinite(value)) {
      throw outOfRange(parameter, value, "a finite number");
    }
  }

  /** Requires a list of {@code most} entries at most; {@code entries} names them in the plural. */
  public static void atMost(String parameter, int size, int most, String entries) {
    if (size > most) {
      throw new InvalidRequestException(
          parameter, name(parameter) + " has " + size + " " + entries + "; at most " + most + " are allowed.");
    }
  }

  private static InvalidRequestException outOfRange(String parameter, Object value, String allowed) {
    return new InvalidRequestException(parameter, name(parameter) + " is " + value + "; it must be " + allowed + ".");
  }

  private static String plain(float value) {
    return value == Math.rint(value) ? Integer.toString((int) value) : Float.toString(value);
  }
}
