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
   * Starts several generations from one request, all or none. They share the prompt, which is computed once.
   *
   * <p>The first has the seed of the request, each further one the seed after it; with {@link Sampling#RANDOM_SEED} each has a
   * fresh one. So the same request gives the same answers again, as far as {@link Sampling} promises that for one.
   *
   * @param n 1 to {@link GenerationGroup#MAX_SIZE}, and no more than the generator can have in flight
   * @throws InvalidRequestException if the request can't be carried out as it stands, or {@code n} is out of its range
   * @throws EngineBusyException if there is no room for all of them in slots and queue now
   * @throws IllegalStateException if the generator is closed
   */
  default GenerationGroup generateAll(GenerationRequest request, int n) {
    return GenerationGroup.start(n, choice -> generate(GenerationGroup.seeded(request, choice)));
  }

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
