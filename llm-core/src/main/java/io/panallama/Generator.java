package io.panallama;

/**
 * Something that turns requests into generations: an {@link Engine}, or a fake in a test.
 *
 * <p>Implementations may be called from any thread.
 */
@FunctionalInterface
public interface Generator {
  /**
   * Starts a generation. Returns as soon as the request is queued.
   *
   * @throws InvalidRequestException if the request can't be carried out as it stands; {@link PromptTooLongException} and
   *     {@link ChatTemplateException} among others
   * @throws EngineBusyException if the queue is full
   * @throws IllegalStateException if the generator is closed
   */
  Generation generate(GenerationRequest request);

  /**
   * The prompt that a conversation would be generated from.
   *
   * @throws InvalidRequestException if the request can't be carried out as it stands
   * @throws UnsupportedOperationException if the generator has no chat template
   */
  default String render(ChatRequest request) {
    throw new UnsupportedOperationException("This generator renders no chat template.");
  }

  /**
   * The bytes of a token, as {@link Vocabulary#piece} gives them.
   *
   * @throws UnsupportedOperationException if the generator has no vocabulary
   */
  default byte[] tokenBytes(int token) {
    throw new UnsupportedOperationException("This generator has no vocabulary.");
  }
}
