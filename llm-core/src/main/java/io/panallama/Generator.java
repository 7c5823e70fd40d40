package io.panallama;

import io.panallama.error.ChatTemplateException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.UnsupportedTypeException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationGroup;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import io.panallama.typed.AnswerException;
import io.panallama.typed.AnswerType;
import io.panallama.typed.TypedGeneration;

/**
 * Turns requests into generations: an {@link Engine}, or a fake in a test. A {@link TextGenerator} also gives access to prompts and tokens.
 *
 * <p>Implementations must be thread-safe.
 */
@FunctionalInterface
public interface Generator {
  /**
   * Starts a generation. Returns as soon as the request is queued.
   *
   * @throws InvalidRequestException if the request can't be executed as it stands; subclasses include {@link PromptTooLongException} and {@link ChatTemplateException}
   * @throws EngineBusyException if the queue is full
   * @throws EngineClosedException if the engine is closed
   * @throws EngineFailedException if an error has ended the engine
   */
  Generation generate(GenerationRequest request);

  /**
   * Starts several generations from one request, all or none. They share the prompt, which is computed once.
   *
   * <p>The first has the request's own seed, each further one the next seed; with {@link Sampling#RANDOM_SEED} each has a fresh one. So the same request gives the same answers again, to the extent that {@link Sampling} guarantees it for one.
   *
   * @param n 1 to {@link GenerationGroup#MAX_SIZE}, and no more than the generator can have in flight
   * @throws InvalidRequestException if the request can't be executed as it stands, or {@code n} is out of range
   * @throws EngineBusyException if slots and queue do not have room for all of them now
   * @throws EngineClosedException if the engine is closed
   * @throws EngineFailedException if an error has ended the engine
   */
  default GenerationGroup generateAll(GenerationRequest request, int n) {
    return GenerationGroup.start(n, choice -> generate(request.forChoice(choice)));
  }

  /**
   * Asks a question and waits for the text of the answer, with default options: {@code engine.ask("What is a llama?")}. An answer
   * that fills the context ends there; {@link #generate} tells how an answer ended.
   *
   * @throws GenerationException if the generation failed
   * @throws InvalidRequestException as {@link #generate}
   */
  default String ask(String userMessage) {
    return ask(ChatRequest.of(userMessage));
  }

  /**
   * Waits for the text of the answer to a conversation.
   *
   * @throws GenerationException if the generation failed
   * @throws InvalidRequestException as {@link #generate}
   */
  default String ask(ChatRequest request) {
    try (Generation generation = generate(request)) {
      return generation.await().text();
    }
  }

  /**
   * Asks for an answer that becomes a Java value, and waits for it: {@code engine.ask("Invent a person.", Person.class)}.
   *
   * @param type a record, a sealed interface, an enum ..., see {@link io.panallama.typed}
   * @throws UnsupportedTypeException if no grammar can be built for the type, or a record is not accessible
   * @throws AnswerException if the answer was cut off, or a constructor rejected it
   * @throws GenerationException if the generation failed
   * @throws InvalidRequestException as {@link #generate}
   */
  default <T> T ask(String userMessage, Class<T> type) {
    return ask(ChatRequest.of(userMessage), AnswerType.of(type));
  }

  /**
   * Asks for an answer that becomes a Java value, and waits for it.
   *
   * @param request must have no response format and no tools that can be called
   * @throws AnswerException if the answer was cut off, or a constructor rejected it
   * @throws GenerationException if the generation failed
   * @throws InvalidRequestException as {@link #generate}
   */
  default <T> T ask(ChatRequest request, AnswerType<T> type) {
    try (TypedGeneration<T> answer = generate(request, type)) {
      return answer.await();
    }
  }

  /**
   * Starts an answer that becomes a Java value and can be read while it grows.
   *
   * @param request must have no response format and no tools that can be called
   * @throws InvalidRequestException as {@link #generate}
   */
  default <T> TypedGeneration<T> generate(ChatRequest request, AnswerType<T> type) {
    return new TypedGeneration<>(generate(type.applyTo(request)), type);
  }
}
