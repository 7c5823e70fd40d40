package io.panallama.request;

import java.util.Objects;

/** A raw prompt to be continued, without any template. */
public record CompletionRequest(Prompt prompt, GenerationOptions options) implements GenerationRequest {
  public CompletionRequest {
    Objects.requireNonNull(prompt, "prompt");
    Objects.requireNonNull(options, "options");
  }

  /** A text prompt with default options. Special tokens written in it are text. */
  public static CompletionRequest of(String prompt) {
    return new CompletionRequest(new Prompt.Text(prompt, false), GenerationOptions.defaults());
  }

  /** A prompt of token ids with default options; nothing is added to it. */
  public static CompletionRequest of(int... tokens) {
    return new CompletionRequest(new Prompt.Tokens(tokens), GenerationOptions.defaults());
  }

  /** The same prompt with other options. */
  @Override
  public CompletionRequest with(GenerationOptions newOptions) {
    return new CompletionRequest(prompt, newOptions);
  }
}
