package io.panallama;

import io.panallama.error.ChatTemplateException;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;

/**
 * A generator that gives access to its prompts and tokens: it has a vocabulary, and possibly a chat template.
 *
 * <p>Implementations must be thread-safe.
 */
public interface TextGenerator extends Generator {
  /**
   * The prompt from which an answer to the conversation would be generated.
   *
   * @throws InvalidRequestException if the request can't be executed as it stands; {@link ChatTemplateException} if
   *     there is no usable template
   */
  String render(ChatRequest request);

  /**
   * The number of tokens of a request's prompt, as {@link io.panallama.generation.Usage#promptTokens
   * Usage.promptTokens} would report it. Nothing is generated or queued.
   *
   * @throws InvalidRequestException as {@link #generate}, except for a prompt that is too long
   */
  int countTokens(GenerationRequest request);

  /**
   * The number of tokens of a text by itself. Special tokens written in it count as plain text, and none are added
   * around it.
   *
   * @throws InvalidRequestException if the text can't be tokenized
   */
  int countTokens(String text);

  /**
   * The tokens of a text, as {@link Tokenizer#tokenize} returns them.
   *
   * @param addSpecial whether to add the tokens that the vocabulary puts around a text
   * @param parseSpecial whether special tokens written in the text become those tokens
   * @throws InvalidRequestException if the text can't be tokenized
   */
  int[] tokenize(String text, boolean addSpecial, boolean parseSpecial);

  /**
   * The text of tokens. Special tokens are written out, such as {@code <|im_end|>}; invalid UTF-8 becomes U+FFFD.
   *
   * @throws InvalidRequestException if an id is not in the vocabulary
   */
  String detokenize(int... tokens);

  /**
   * The bytes of a token, as returned by {@link Vocabulary#piece}.
   *
   * @throws IndexOutOfBoundsException if the id is not in the vocabulary
   */
  byte[] tokenBytes(int token);
}
