package io.panallama.chat;

import java.util.Objects;

/** Whether the model calls tools. */
public sealed interface ToolChoice {
  /** The model decides. */
  record Auto() implements ToolChoice {}

  /** It doesn't; the tools are in the prompt nevertheless. */
  record None() implements ToolChoice {}

  /** It calls at least one. */
  record Required() implements ToolChoice {}

  /**
   * It calls this one, and sees no other.
   *
   * @param name one of the request's tools
   */
  record Named(String name) implements ToolChoice {
    /** Rejects null. */
    public Named {
      Objects.requireNonNull(name, "name");
    }
  }
}
