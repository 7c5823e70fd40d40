package io.panallama.internal.trial;

/**
 * How a trial ended.
 *
 * @param outcome the kind of its end
 * @param words what it said at last; empty if it passed
 */
record TrialResult(Outcome outcome, String words) {
  enum Outcome {
    /** It did everything, or llama.cpp refused the file with an error, which this process gets as well. */
    PASSED,
    /** llama.cpp ended the process. */
    DIED,
    /** It did not end in time, or the system ended it; another time it might. */
    STOPPED,
    /** It could not be started. */
    IMPOSSIBLE
  }

  static final TrialResult PASSED = new TrialResult(Outcome.PASSED, "");

  /** Whether another trial of the same file would end in the same way. */
  boolean isFinal() {
    return outcome == Outcome.PASSED || outcome == Outcome.DIED;
  }
}
