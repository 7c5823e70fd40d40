package io.panallama;

import io.panallama.error.ChatTemplateException;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;

/**
 * A generator whose prompts and tokens can be looked at: it has a vocabulary, and maybe a chat template.
 *
 * <p>Implementations may be called from any thread.
 */
public interface TextGenerator extends Generator {
  /**
   * The prompt that a conversation would be generated from.
   *
   * @throws InvalidRequestException if the request can't be carried out as it stands; {@link ChatTemplateException} if there is no
   *     usable template
   */
  String render(ChatRequest request);

  /**
   * The number of tokens of a request's prompt: what {@link io.panallama.generation.Usage#promptTokens Usage.promptTokens} would say.
   * Nothing is generated or queued.
   *
   * @throws InvalidRequestException as {@link #generate}, except for a prompt that is too long
   */
  int countTokens(GenerationRequest request);

  /**
   * The number of tokens of a text by itself. Special tokens written in it count as text, and none are added around it.
   *
   * @throws InvalidRequestException if the text can't be tokenized
   */
  int countTokens(String text);

  /**
   * The bytes of a token, as {@link Vocabulary#piece} gives them.
   *
   * @throws IndexOutOfBoundsException if the id is not in the vocabulary
   */
  byte[] tokenBytes(int token);
}
