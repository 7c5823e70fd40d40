package io.panallama.server.dialect;

import io.panallama.generation.Completion;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import java.io.IOException;
import java.util.List;

/**
 * Writes the answer to one call, whole or as the frames of a stream. A writer writes one of the two.
 *
 * <p>For one thread. A writer of a stream may remember what it has written.
 */
public interface EventWriter {
  /** The id by which the client knows the answer; empty if it gets none. */
  default String id() {
    return "";
  }

  /**
   * Tells how many tokens the prompt has, before anything is written. Not called if the generator does not tell, or there are
   * several choices.
   */
  default void promptTokens(int tokens) {}

  /**
   * Writes the first frames of a stream, if it has any before its first event.
   *
   * @throws IOException if the client has left
   */
  void begin(Frames out) throws IOException;

  /** Whether each state of the prompt is to be told as it comes, and not only the last ones when the answer begins. */
  default boolean wantsPromptProgress() {
    return false;
  }

  /**
   * Takes a state of the prompt, before the first event of a stream: the first and the last one, and others if they are wanted.
   * Not called if the generator does not tell or there are several choices.
   *
   * @throws IOException if the client has left
   */
  default void promptProgress(PromptProgress state, Frames out) throws IOException {}

  /**
   * Writes an event of this writer's choice, {@link GenerationEvent.Finished} included. A piece of text without characters and
   * without log-probabilities need not be written.
   *
   * @throws IOException if the client has left
   */
  void event(GenerationEvent event, Frames out) throws IOException;

  /**
   * Writes the last frames of a stream, when all choices have ended. Called on the writer of choice 0.
   *
   * @param ends how they ended, in order
   * @throws IOException if the client has left
   */
  void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException;

  /**
   * Writes the end of a stream whose generation failed or was cancelled by the server; {@link #end} is not called. Called on the
   * writer of choice 0.
   *
   * @param error what happened
   * @param document {@code error} as the dialect's {@link ErrorWriter} wrote it, which is sent as a frame {@code error} unless a
   *     dialect has frames of its own for it
   * @throws IOException if the client has left
   */
  default void failed(ApiException error, byte[] document, Frames out) throws IOException {
    out.event("error", document);
  }

  /** The whole answer as a JSON document; the list has an element for each choice. */
  byte[] whole(List<Completion> answers);

  /** The writer of another choice of the same stream. This one is the writer of choice 0. */
  EventWriter choice(int index);
}
