package io.panallama.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.InvalidRequestException;
import java.util.Arrays;
import java.util.Objects;

/** A prompt as text or as token ids. */
public sealed interface Prompt {
  /**
   * A text prompt. The vocabulary's own leading token is added if the model requires one.
   *
   * @param parseSpecial whether special tokens written in the text, such as {@code <|im_end|>}, become those tokens; leave it false for text that you did not write yourself
   */
  record Text(String text, boolean parseSpecial) implements Prompt {
    /** Rejects null. */
    public Text {
      Objects.requireNonNull(text, "text");
    }
  }

  /** A prompt of at least one token id, used unchanged. */
  final class Tokens implements Prompt {
    private final int[] tokens;

    /**
     * Validates the values.
     *
     * @throws InvalidRequestException if {@code tokens} is empty
     */
    public Tokens(int... tokens) {
      if (tokens.length == 0) {
        throw new InvalidRequestException("prompt", name("prompt") + " has no tokens; at least one is needed.");
      }
      this.tokens = tokens.clone();
    }

    /** A copy of the token ids. */
    public int[] tokens() {
      return tokens.clone();
    }

    @Override
    public boolean equals(Object other) {
      return other instanceof Tokens that && Arrays.equals(tokens, that.tokens);
    }

    @Override
    public int hashCode() {
      return Arrays.hashCode(tokens);
    }

    @Override
    public String toString() {
      return "Tokens" + Arrays.toString(tokens);
    }
  }
}
