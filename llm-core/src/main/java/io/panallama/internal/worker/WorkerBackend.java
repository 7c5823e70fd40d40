package io.panallama.internal.worker;

import io.panallama.generation.Generation;
import io.panallama.internal.prepare.TaskSource;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import java.util.function.IntConsumer;

/** The engine of a worker. Thread-safe. */
public interface WorkerBackend extends HostedModel {
  /**
   * A generation that was started.
   *
   * @param promptTokens the length of its prompt
   * @param slow whether reading an event may take a while, because the answer is parsed
   */
  record Started(Generation generation, int promptTokens, boolean slow) {}

  /**
   * Starts or continues a generation.
   *
   * @param replay the tokens that it has generated already
   * @param read gets every token when it is read, those of {@code replay} first
   * @param continued whether a worker had accepted it before, so that it is not refused for want of room
   */
  Started start(GenerationRequest request, int[] replay, IntConsumer read, boolean continued);

  /** Has tasks that prepare or answer requests done by threads that may be held for long; returns at the end of the source. */
  void attend(TaskSource source);

  /** Prepares a request as {@link #start} does, and forgets it. */
  void rehearse(GenerationRequest request);

  String render(ChatRequest request);

  int countTokens(GenerationRequest request);

  int countTokens(String text);

  int[] tokenize(String text, boolean addSpecial, boolean parseSpecial);

  String detokenize(int[] tokens);

  /** Writes the bytes of all tokens, and one offset more than there are tokens. */
  void pieces(Output out);
}
