package io.panallama.agent;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** The outcome of a tool call. */
public sealed interface ToolOutcome {
  /** The text that the model is told. */
  String text();

  /** The tool's result. */
  record Result(String text) implements ToolOutcome {
    public Result {
      Objects.requireNonNull(text, "text");
    }
  }

  /**
   * The call has no result.
   *
   * @param text begins with {@code "Error: "} and contains the message of the exception, never its stack trace
   * @param cause the thrown exception, for the program; null if there is none
   */
  record Failure(Kind kind, String text, @Nullable Exception cause) implements ToolOutcome {
    public Failure {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(text, "text");
    }
  }

  /** Why the call has no result. */
  enum Kind {
    /** No tool has this name. */
    UNKNOWN_TOOL,
    /** The arguments do not match the parameters. */
    INVALID_ARGUMENTS,
    /** The tool threw an exception. */
    EXCEPTION,
    /** The tool took too long; its thread was interrupted. */
    TIME_LIMIT,
    /** The tool was not called, because the run reached a limit or was cancelled. */
    NOT_CALLED
  }
}
