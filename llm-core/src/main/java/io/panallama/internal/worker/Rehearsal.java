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
 * Sends requests to a new worker that it reads, prepares and answers with events, without computing anything. A JVM
 * interprets what it has rarely run, and an interpreted request adds most of a millisecond to the time to first token.
 */
final class Rehearsal {
  private static final System.Logger LOG = System.getLogger("io.panallama.worker");

  /** The JVM optimises a method after 5,000 calls; most are called several times in a round. */
  private static final int ROUNDS = 3000;

  /** How much time it may take; a template that is slow to render ends it early. */
  private static final Duration LIMIT = Duration.ofSeconds(2);

  /** How often it looks whether requests have ended, and how long after its begin it gives up: they have compiled the way. */
  private static final Duration LOOK = Duration.ofMillis(100);

  private static final Duration PATIENCE = Duration.ofMinutes(1);

  /** What comes right after a start goes first: the rest of the caller's own start, and a request that waits for it. */
  private static final Duration HEAD_START = Duration.ofMillis(300);

  private static final int PROMPT_TOKENS = 12;
  private static final int[] TOKENS = {310, 1295, 17};

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

  /** Runs until it is done, while there are no requests, which need the processors more. */
  static void run(WorkerClient client) {
    long end = System.nanoTime() + PATIENCE.toNanos();
    long left = LIMIT.toNanos();
    int round = 0;
    try {
      Thread.sleep(HEAD_START);
      while (round < ROUNDS && left > 0 && !client.hasEnded()) {
        long begin = System.nanoTime();
        if (client.isIdle()) {
          client.rehearse(REQUESTS.get(round++ % REQUESTS.size()));
          left -= System.nanoTime() - begin;
        } else if (begin - end < 0) {
          Thread.sleep(LOOK);
        } else {
          break;
        }
      }
    } catch (PanallamaException | RemoteException | InterruptedException ended) {
      LOG.log(System.Logger.Level.DEBUG, "The rehearsal with a worker has ended early.", ended);
    }
  }

  /** Answers on the worker's side. */
  static void answer(Input in, Output out, WorkerBackend backend) {
    try {
      backend.rehearse(RequestCodec.read(in));
    } catch (PanallamaException refused) {
      // Of a conversation by a model without a template, for example; the way there was rehearsed.
      LOG.log(System.Logger.Level.TRACE, "A request of the rehearsal was refused.", refused);
    }
    out.put(PROMPT_TOKENS).put(TOKENS).put(EVENTS, EventCodec::write);
  }
}
