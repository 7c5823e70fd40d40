package io.panallama.server.wire;

import io.panallama.generation.GenerationEvent;
import java.util.List;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Encodes the answer to one request, whole or as the chunks of a stream.
 *
 * <p>For one thread. An encoder of a stream remembers what it has written.
 */
public interface AnswerShape {
  /** Makes the encoder of one answer. */
  @FunctionalInterface
  interface Factory {
    /**
     * @param tokenBytes the bytes of a token of the model
     */
    AnswerShape create(String model, ApiRequest request, IntFunction<byte[]> tokenBytes);
  }

  /** The first chunk of a stream; null where there is nothing to say yet. */
  byte @Nullable [] opening();

  /** What stands before the text in every chunk of plain text. */
  byte[] beforeText();

  /** What stands after the text in every chunk of plain text. */
  byte[] afterText();

  /** The chunk of an event other than plain text. */
  byte[] piece(GenerationEvent event);

  /** The chunk that gives the reason of the end. */
  byte[] ending(GenerationEvent.Finished end);

  /** What follows when all choices have ended, in order. */
  List<byte[]> trailer(List<GenerationEvent.Finished> ends);

  /** The whole answer; both lists have an element for each choice. */
  byte[] whole(List<WholeAnswer> answers, List<GenerationEvent.Finished> ends);

  /** The encoder of another choice of the same stream. */
  AnswerShape choice(int index);
}
