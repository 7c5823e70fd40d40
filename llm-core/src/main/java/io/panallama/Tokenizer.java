package io.panallama;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.request.RequestSize;
import java.util.function.Supplier;

/**
 * Converts text to tokens and back, with the model's own vocabulary. Thread-safe while the model is open or an engine
 * runs on it.
 *
 * <p>With a vocabulary of BERT's kind ({@link io.panallama.vocabulary.VocabularyType#WPM}) the tokens are those of Hugging
 * Face's tokenizer; what {@code addSpecial} adds are {@code [CLS]} and {@code [SEP]}. All other vocabularies have
 * llama.cpp's tokens.
 */
public final class Tokenizer {
  /** A text of this many characters, or as many tokens, takes a fraction of a millisecond. */
  static final int SHORT = 4096;

  private final ModelHandle model;
  private final PreparationPool preparations;

  Tokenizer(ModelHandle model, PreparationPool preparations) {
    this.model = model;
    this.preparations = preparations;
  }

  /**
   * Tokenizes a text.
   *
   * @param addSpecial whether to add the tokens that the vocabulary puts around a text
   * @param parseSpecial whether special tokens written in the text, such as {@code <|im_end|>}, become those tokens;
   *     leave it false for text that you did not write yourself
   * @throws InvalidRequestException if the text can't be tokenized, or has a word that is unknown to a vocabulary without
   *     a token for such words
   * @throws IllegalStateException if the model is closed and no engine runs on it
   */
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return run(text.length(), () -> TokenizerCalls.tokenize(model, text, addSpecial, parseSpecial));
  }

  /** Tokenizes on the calling thread, which must not be a virtual one if the text is long. */
  int[] tokenizeHere(String text, boolean addSpecial, boolean parseSpecial) {
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
    return run(tokens.length, () -> TokenizerCalls.detokenize(model, tokens, false, false));
  }

  /** Does short work at once, and long work where it can't hold the carrier of a virtual thread. */
  private <T> T run(int size, Supplier<T> work) {
    return size <= SHORT
        ? work.get()
        : preparations.run(size > RequestSize.LARGE, checkpoint -> work.get(), result -> {});
  }
}
