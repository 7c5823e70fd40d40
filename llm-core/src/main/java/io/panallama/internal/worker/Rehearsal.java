package io.panallama.internal.worker;

import io.panallama.chat.ChatMessage;
import io.panallama.error.PanallamaException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampling;
import java.time.Duration;
import java.util.List;

/**
 * Sends requests to a new worker that it only reads and answers with events. A JVM interprets what it has rarely run, and
 * an interpreted round trip adds milliseconds to the time to first token. The model is not touched.
 */
final class Rehearsal {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  /** The JVM compiles a method after 200 calls; most are called several times in a round. */
  private static final int ROUNDS = 400;

  private static final GenerationOptions OPTIONS =
      GenerationOptions.builder().sampling(Sampling.defaults()).maxTokens(100).build();

  private static final List<GenerationRequest> REQUESTS =
      List.of(
          ChatRequest.builder()
              .messages(List.of(ChatMessage.system("Answer briefly."), ChatMessage.user("What is a llama?")))
              .options(OPTIONS)
              .build(),
          CompletionRequest.of(new Prompt.Text("A llama is", true), OPTIONS));

  private static final List<GenerationEvent> EVENTS =
      List.of(
          new GenerationEvent.Text(" a domesticated", List.of()),
          new GenerationEvent.Reasoning("an animal"),
          new GenerationEvent.Finished(
              FinishReason.STOP,
              new Usage(12, 0, 100, 0),
              new Timings(Duration.ofNanos(1), Duration.ofMillis(2), Duration.ofSeconds(3))));

  private Rehearsal() {}

  /** Runs until it is done, or a request comes, which needs the processors more. */
  static void run(WorkerClient client) {
    try {
      for (int round = 0; round < ROUNDS && client.isIdle(); round++) {
        client.rehearse(REQUESTS.get(round % REQUESTS.size()));
      }
    } catch (PanallamaException ended) {
      LOG.log(System.Logger.Level.DEBUG, "The rehearsal with a worker has ended early.", ended);
    }
  }

  /** Answers on the worker's side. */
  static void answer(Input in, Output out) {
    RequestCodec.read(in);
    out.put(EVENTS, EventCodec::write);
  }
}
