package io.panallama;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TokenizerCalls;

/**
 * Converts text to tokens and back, with the model's own vocabulary. Thread-safe while the model is open or an engine runs on it.
 */
public final class Tokenizer {
  private final ModelHandle model;

  Tokenizer(ModelHandle model) {
    this.model = model;
  }

  /**
   * Tokenizes a text.
   *
   * @param addSpecial whether to add the tokens that the vocabulary puts around a text
   * @param parseSpecial whether special tokens written in the text, such as {@code <|im_end|>}, become those tokens;
   *     leave it false for text that you did not write yourself
   * @throws InvalidRequestException if the text can't be tokenized
   * @throws IllegalStateException if the model is closed and no engine runs on it
   */
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return TokenizerCalls.tokenize(model, text, addSpecial, parseSpecial);
  }

  /** Tokenizes a prompt including its special tokens, which do not occur between the offsets of {@code literals}. */
  int[] tokenizePrompt(byte[] prompt, int[] literals) {
    return TokenizerCalls.tokenizePrompt(model, prompt, literals);
  }

  /**
   * The text of the tokens, without special ones. Invalid UTF-8 becomes U+FFFD.
   *
   * @throws InvalidRequestException if an id is not in the vocabulary
   * @throws IllegalStateException if the model is closed and no engine runs on it
   */
  public String detokenize(int... tokens) {
    return TokenizerCalls.detokenize(model, tokens, false, false);
  }
}
