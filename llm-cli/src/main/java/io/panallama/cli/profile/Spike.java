package io.panallama.cli.profile;

/**
 * A moment at which something was late, and why.
 *
 * @param kind what was late
 * @param cause why
 * @param start when it began, in nanoseconds since 1970
 * @param nanos how long it took, all of it
 * @param pid the process in which it was seen
 * @param detail the numbers behind the cause, in a sentence
 */
public record Spike(Kind kind, Cause cause, long start, long nanos, long pid, String detail) {
  /** What was late. */
  public enum Kind {
    /** The next token of running generations. */
    NEXT_TOKEN("next token"),

    /** The first token of a generation that waited for its first step. */
    FIRST_TOKEN("first token"),

    /** Tokens that were there waited for their reader. */
    READER("reader");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** Its name in reports. */
    public String label() {
      return label;
    }
  }

  /** When it ended. */
  public long end() {
    return start + nanos;
  }
}
