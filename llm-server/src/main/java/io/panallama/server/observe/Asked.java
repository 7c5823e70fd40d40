package io.panallama.server.observe;

import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;

/**
 * The generations that a request asks for.
 *
 * @param chat whether it continues a conversation; otherwise a text
 * @param stream whether the answer is sent as it is made
 * @param prompts how many prompts there are
 * @param choices how many answers each prompt gets
 * @param options of the first generation
 */
public record Asked(boolean chat, boolean stream, int prompts, int choices, GenerationOptions options) {
  /** What these requests ask for; there is one at least, and the first stands for all. */
  public static Asked of(GenerationRequest first, boolean stream, int prompts, int choices) {
    return new Asked(first instanceof ChatRequest, stream, prompts, choices, first.options());
  }

  /** How many generations there are. */
  public int generations() {
    return prompts * choices;
  }
}
