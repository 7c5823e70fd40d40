package io.panallama.server.dialect.openai;

import io.panallama.TextGenerator;
import io.panallama.request.ChatRequest;
import org.jspecify.annotations.Nullable;

/** The prompt that a conversation becomes, if its answer is to show it ({@code __verbose}, as in llama-server). For one thread. */
final class VerbosePrompt {
  private final boolean wanted;
  private @Nullable String text;

  VerbosePrompt(boolean wanted) {
    this.wanted = wanted;
  }

  /** Renders the request if the prompt is to be shown, and returns the request. */
  ChatRequest of(ChatRequest request, TextGenerator generator) {
    if (wanted) {
      text = generator.render(request);
    }
    return request;
  }

  /** The prompt; null if it is not to be shown. */
  @Nullable String text() {
    return text;
  }
}
