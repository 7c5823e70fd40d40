package io.panallama;

import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.GenerationGroup;
import io.panallama.observe.EngineState;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.nio.channels.ClosedByInterruptException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.Flow;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** A thread of a storm: uses a model and its engines in ways that it draws, until all are closed. */
final class StormUser {
  private static final int MOST_ACTIONS = 10_000;

  private final Model model;
  private final List<Engine> engines;
  private final Path file;
  private final Random random;
  private final Map<String, Integer> outcomes;
  private final Thread thread;
  private volatile @Nullable Throwable fault;
  private volatile String doing = "starting";
  private final AtomicInteger actions = new AtomicInteger();

  private StormUser(Model model, List<Engine> engines, Path file, long seed, Map<String, Integer> outcomes) {
    this.model = model;
    this.engines = engines;
    this.file = file;
    this.random = new Random(seed);
    this.outcomes = outcomes;
    Thread.Builder builder = random.nextBoolean() ? Thread.ofVirtual() : Thread.ofPlatform();
    this.thread = builder.name("storm-user").unstarted(this::run);
  }

  /**
   * Starts one.
   *
   * @param file where it may save sessions
   * @param outcomes counts how its actions end, by name
   */
  static StormUser start(Model model, List<Engine> engines, Path file, long seed, Map<String, Integer> outcomes) {
    StormUser user = new StormUser(model, engines, file, seed, outcomes);
    user.thread.start();
    return user;
  }

  /** How much it has done. */
  int actions() {
    return actions.get();
  }

  boolean isRunning() {
    return thread.isAlive();
  }

  void interrupt() {
    thread.interrupt();
  }

  /** Waits until its engines are closed and it has ended; what was wrong with that. */
  Optional<String> awaitEnd(Duration patience) throws InterruptedException {
    if (!thread.join(patience)) {
      String stack = Arrays.stream(thread.getStackTrace()).map(String::valueOf).collect(Collectors.joining("\n  "));
      return Optional.of("hangs in " + doing + ":\n  " + stack);
    }
    Throwable wrong = fault;
    if (wrong == null) {
      return Optional.empty();
    }
    String stack = Arrays.stream(wrong.getStackTrace()).map(String::valueOf).collect(Collectors.joining("\n  "));
    return Optional.of(doing + ": " + wrong + " caused by " + wrong.getCause() + "\n  " + stack);
  }

  private void run() {
    while (actions.getAndIncrement() < MOST_ACTIONS) {
      String outcome;
      try {
        act(engines.get(random.nextInt(engines.size())));
        outcome = "answered";
      } catch (InterruptedException interrupted) {
        outcome = "InterruptedException";
      } catch (Throwable failure) {
        outcome = allowed(failure);
        if (outcome.isEmpty()) {
          fault = failure;
          return;
        }
      }
      // The flag that a GenerationException for an interrupt sets again; the next action shall be a new one.
      Thread.interrupted();
      outcomes.merge(outcome, 1, Integer::sum);
      if (outcome.equals("EngineClosedException") && engines.stream().allMatch(StormUser::isClosed)) {
        return;
      }
    }
  }

  private static boolean isClosed(Engine engine) {
    return engine.state() == EngineState.CLOSED;
  }

  /** The name of a failure that the contracts allow here; empty for any other. */
  private static String allowed(Throwable failure) {
    return switch (failure) {
      case EngineClosedException _, EngineBusyException _, PromptTooLongException _, CancellationException _ ->
          failure.getClass().getSimpleName();
      case CompletionException wrapped when wrapped.getCause() != null -> allowed(wrapped.getCause());
      case GenerationException ended
          when ended.reason() == GenerationException.Reason.ENGINE_CLOSED
              || ended.reason() == GenerationException.Reason.INTERRUPTED ->
          "GenerationException " + ended.reason();
      case SessionFileException file when file.getCause() instanceof ClosedByInterruptException ->
          "SessionFileException of an interrupt";
      case IllegalStateException refused when String.valueOf(refused.getMessage()).contains("closed") -> "closed";
      default -> "";
    };
  }

  private void act(Engine engine) throws InterruptedException {
    ChatRequest request =
        ChatRequest.of("Tell me a story about the number " + random.nextInt(5) + ".")
            .with(
                GenerationOptions.builder()
                    .sampling(random.nextBoolean() ? Sampling.greedy() : Sampling.builder().seed(7).build())
                    .maxTokens(1 + random.nextInt(60))
                    .topLogprobs(random.nextInt(3))
                    .build());
    int action = random.nextInt(11);
    doing = "action " + action;
    switch (action) {
      case 0 -> engine.generate(request).await();
      case 1 -> readSome(engine.generate(request), random.nextInt(20)).close();
      case 2 -> cancelInside(engine.generate(request));
      case 3 -> cancelFromOutside(engine.generate(request));
      case 4 -> poll(engine.generate(request));
      case 5 -> converse(engine);
      case 6 -> saveAndRestore(engine, request);
      case 7 -> group(engine, request);
      case 8 -> future(engine.generate(request));
      case 9 -> subscribe(engine.generate(request));
      default -> inspect(engine, request);
    }
  }

  private static Generation readSome(Generation generation, int events) {
    for (GenerationEvent event : generation) {
      if (--events <= 0) {
        break;
      }
    }
    return generation;
  }

  private static void cancelInside(Generation generation) {
    GenerationEvent last = null;
    for (GenerationEvent event : generation) {
      if (last instanceof GenerationEvent.Finished) {
        throw new AssertionError("an event after the end: " + event);
      }
      last = event;
      generation.cancel();
    }
    if (!(last instanceof GenerationEvent.Finished)) {
      throw new AssertionError("no end, but " + last);
    }
  }

  private void cancelFromOutside(Generation generation) throws InterruptedException {
    boolean close = random.nextBoolean();
    Thread other = Thread.ofVirtual().start(close ? generation::close : generation::cancel);
    FinishReason reason = null;
    for (GenerationEvent event : generation) {
      if (event instanceof GenerationEvent.Finished finished) {
        reason = finished.reason();
      }
    }
    other.join();
    if (reason == null && !close) {
      throw new AssertionError("a cancelled generation has no end");
    }
  }

  private void poll(Generation generation) throws InterruptedException {
    try (generation) {
      for (int i = random.nextInt(30); i > 0; i--) {
        Optional<GenerationEvent> event = generation.poll(Duration.ofMillis(random.nextInt(5)));
        if (event.isPresent() && event.get() instanceof GenerationEvent.Finished) {
          return;
        }
      }
    }
    try {
      generation.poll(Duration.ofMillis(1));
      throw new AssertionError("a closed generation has events");
    } catch (NoSuchElementException closed) {
      // As promised.
    }
  }

  private void converse(Engine engine) {
    Session session = engine.openSession();
    for (int turn = random.nextInt(4); turn >= 0; turn--) {
      try (Generation generation = session.say("And the number " + random.nextInt(5) + "?")) {
        if (random.nextInt(3) > 0) {
          generation.await();
        } else {
          readSome(generation, random.nextInt(10));
        }
      }
      if (random.nextInt(3) == 0) {
        session = session.fork();
      }
      if (random.nextInt(4) == 0) {
        session.rewind(0);
      }
      if (random.nextInt(4) == 0) {
        session = engine.openSession(session.tokens());
        return;
      }
    }
  }

  private void saveAndRestore(Engine engine, ChatRequest request) {
    Session session = engine.openSession();
    session.generate(request).await();
    session.save(file);
    Session restored = engine.restoreSession(file);
    if (!Arrays.equals(restored.tokens(), session.tokens())) {
      throw new AssertionError("the restored session has other tokens");
    }
    restored.generate(request).close();
  }

  private void group(Engine engine, ChatRequest request) {
    try (GenerationGroup group = engine.generateAll(request, 1 + random.nextInt(3))) {
      if (random.nextBoolean()) {
        group.await();
      }
    } catch (InvalidRequestException tooMany) {
      if (!tooMany.parameter().equals("n")) {
        throw tooMany;
      }
    }
  }

  private void future(Generation generation) {
    CompletableFuture<Completion> future = generation.toFuture();
    if (random.nextBoolean()) {
      future.cancel(true);
    }
    future.join();
  }

  private void subscribe(Generation generation) {
    CompletableFuture<Void> end = new CompletableFuture<>();
    int enough = random.nextInt(20);
    generation.subscribe(
        new Flow.Subscriber<>() {
          private int seen;
          private Flow.@Nullable Subscription subscription;

          @Override
          public void onSubscribe(Flow.Subscription given) {
            subscription = given;
            given.request(Long.MAX_VALUE);
          }

          @Override
          public void onNext(GenerationEvent event) {
            if (++seen > enough && subscription != null) {
              subscription.cancel();
              end.complete(null);
            }
          }

          @Override
          public void onError(Throwable failure) {
            end.completeExceptionally(failure);
          }

          @Override
          public void onComplete() {
            end.complete(null);
          }
        });
    end.join();
  }

  private void inspect(Engine engine, ChatRequest request) {
    int tokens = engine.countTokens(request);
    String prompt = engine.render(request);
    if (engine.tokenize(prompt, true, true).length != tokens) {
      throw new AssertionError("a prompt of " + tokens + " tokens has others");
    }
    engine.stats();
    model.tokenizer().tokenize("Once upon a time", true, false);
    if (random.nextInt(4) == 0) {
      try (Engine brief = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(256).build())) {
        brief.generate(request).close();
      }
    }
  }
}
