package io.panallama.request;

import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** A raw prompt to be continued, without any template. Immutable and thread-safe. */
public final class CompletionRequest implements GenerationRequest {
  private final Prompt prompt;
  private final GenerationOptions options;

  private CompletionRequest(Builder from) {
    prompt = from.prompt;
    options = from.options;
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** A builder with default options. */
  public static Builder builder(Prompt prompt) {
    return new Builder(prompt);
  }

  /** A text prompt with default options. Special tokens written in it are treated as plain text. */
  public static CompletionRequest of(String prompt) {
    return builder(new Prompt.Text(prompt, false)).build();
  }

  /** A prompt of token ids with default options; nothing is added to it. */
  public static CompletionRequest of(int... tokens) {
    return builder(new Prompt.Tokens(tokens)).build();
  }

  /** A prompt with these options. */
  public static CompletionRequest of(Prompt prompt, GenerationOptions options) {
    return builder(prompt).options(options).build();
  }

  /** The same prompt with other options. */
  @Override
  public CompletionRequest with(GenerationOptions newOptions) {
    return toBuilder().options(newOptions).build();
  }

  /** The prompt that the model continues. */
  public Prompt prompt() {
    return prompt;
  }

  /** Limits, sampling and stops. */
  @Override
  public GenerationOptions options() {
    return options;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof CompletionRequest that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "CompletionRequest" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("prompt", prompt);
    all.put("options", options);
    return all;
  }

  /** Collects the components of a {@link CompletionRequest}. Not thread-safe. */
  public static final class Builder {
    private Prompt prompt;
    private GenerationOptions options = GenerationOptions.defaults();

    private Builder(Prompt prompt) {
      this.prompt = Objects.requireNonNull(prompt, "prompt");
    }

    private Builder(CompletionRequest from) {
      prompt = from.prompt;
      options = from.options;
    }

    /** Sets {@link CompletionRequest#options()}. */
    public Builder options(GenerationOptions value) {
      options = Objects.requireNonNull(value, "options");
      return this;
    }

    /**
     * Builds the value.
     */
    public CompletionRequest build() {
      return new CompletionRequest(this);
    }
  }
}
