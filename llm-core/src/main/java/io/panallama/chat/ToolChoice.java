package io.panallama.chat;

import java.util.Objects;

/** Whether and which tools the model calls. */
public sealed interface ToolChoice {
  /** The model decides. */
  record Auto() implements ToolChoice {}

  /** The model calls no tool, although the tools are in the prompt. */
  record None() implements ToolChoice {}

  /** The model calls at least one tool. */
  record Required() implements ToolChoice {}

  /**
   * The model calls this tool and sees no other.
   *
   * @param name one of the request's tools
   */
  record Named(String name) implements ToolChoice {
    /** Rejects a missing name. */
    public Named {
      Objects.requireNonNull(name, "name");
    }
  }
}
