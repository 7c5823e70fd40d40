package io.panallama.generation;

import io.panallama.request.GenerationOptions;

/** Why a generation ended. */
public enum FinishReason {
  /** The model produced an end-of-generation token. */
  STOP,
  /**
   * The model wants tools called; it ended its turn after the calls, by an end-of-generation token or a stop text of the
   * chat template, or after the only call that the request allows. The arguments of each call are a complete JSON object.
   */
  TOOL_CALLS,
  /** One of the request's stop texts appeared, possibly in the middle of JSON or of a tool call. */
  STOP_TEXT,
  /** {@link GenerationOptions#maxTokens} was reached. */
  LENGTH,
  /** The sequence filled its context. */
  CONTEXT_FULL,
  /** {@link GenerationOptions#timeLimit} or {@link GenerationOptions#deadline} passed. */
  TIME_LIMIT,
  /** The generation was cancelled or closed. */
  CANCELLED
}
