package io.panallama.agent;

import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** What became of a tool call. */
public sealed interface ToolOutcome {
  /** What the model is told. */
  String text();

  /** The tool's result. */
  record Result(String text) implements ToolOutcome {
    public Result {
      Objects.requireNonNull(text, "text");
    }
  }

  /**
   * There is no result.
   *
   * @param text begins with {@code "Error: "} and has the message of the exception, never its stack trace
   * @param cause what was thrown, for the program; null if nothing was
   */
  record Failure(Kind kind, String text, @Nullable Exception cause) implements ToolOutcome {
    public Failure {
      Objects.requireNonNull(kind, "kind");
      Objects.requireNonNull(text, "text");
    }
  }

  /** Why there is no result. */
  enum Kind {
    /** No tool has the name. */
    UNKNOWN_TOOL,
    /** The arguments are not what the parameters want. */
    INVALID_ARGUMENTS,
    /** The tool threw. */
    EXCEPTION,
    /** The tool took too long; its thread was interrupted. */
    TIME_LIMIT,
    /** The tool was not called, because the run reached a limit or was cancelled. */
    NOT_CALLED
  }
}
