package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.LoadListener;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.Usage;
import io.panallama.internal.worker.Wire.Frame;
import io.panallama.observe.EngineState;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a supervisor does about its workers, with workers that are scripts in this process. */
@Timeout(60)
class SupervisorTest {
  private static final int LENGTH = 12;

  /** The tokens of a prompt whose log-probabilities are wanted. */
  private static final int SCORES = 10;

  @TempDir private Path reports;

  private final AtomicInteger launched = new AtomicInteger();

  /** How many workers die while they start; a negative number: all. */
  private volatile int stillborn;

  /** Workers die at this token of a request whose prompt contains "step"; 0: never. */
  private volatile int deadlyToken;

  /** How many times a worker dies of a request whose prompt contains "twice". */
  private final AtomicInteger twice = new AtomicInteger(2);

  private volatile @Nullable FakeWorker latest;

  /** Whether workers are stopped, so that they do nothing they are told. */
  private volatile boolean stopped;

  /** Whether workers seem to be ended by another process. */
  private volatile boolean foreign;

  /** Whether workers seem to die because their memory ran out. */
  private volatile boolean outOfMemory;

  /** What workers say instead of loading a model; null if they load it. */
  private volatile @Nullable Throwable unloadable;

  /** The size of the model in all workers but the first. */
  private volatile long sizeLater;

  /** Counted down when the first worker has got a request that contains "unanswered", which it ignores. */
  private final CountDownLatch unanswered = new CountDownLatch(1);

  /** Launches of workers wait for it. */
  private volatile CountDownLatch launching = new CountDownLatch(0);

  /** How long the second worker takes to load. */
  private volatile Duration slowLoad = Duration.ZERO;

  /** How long requests wait while no worker starts. */
  private volatile Duration patience = Duration.ofSeconds(30);

  /** The text of a token, so that a lost or a doubled one shows. */
  private static String text(int token) {
    return "t" + token + " ";
  }

  private static String whole(int length) {
    StringBuilder all = new StringBuilder();
    for (int token = 0; token < length; token++) {
      all.append(text(token));
    }
    return all.toString();
  }

  /** One direction of a connection in memory. */
  private static final class Pipe {
    private static final byte[] END = {};
    private final BlockingQueue<byte[]> frames = new LinkedBlockingQueue<>();

    void send(Output out) {
      byte[] bytes = out.toBytes();
      int at = 0;
      while (at < bytes.length) {
        int length = ByteBuffer.wrap(bytes, at, 4).getInt();
        frames.add(Arrays.copyOfRange(bytes, at + 4, at + 4 + length));
        at += 4 + length;
      }
    }

    @Nullable Frame receive() {
      try {
        byte[] frame = frames.take();
        if (frame.length == 0) {
          frames.add(END);
          return null;
        }
        return new Frame(FrameKind.values()[frame[0]], new Input(frame, 1, frame.length));
      } catch (InterruptedException interrupt) {
        throw new IllegalStateException(interrupt);
      }
    }

    void close() {
      frames.add(END);
    }
  }

  private record End(Pipe out, Pipe in) implements Wire {
    @Override
    public void send(Output frames) {
      out.send(frames);
    }

    @Override
    public @Nullable Frame receive() {
      return in.receive();
    }

    @Override
    public void close() {
      out.close();
      in.close();
    }
  }

  /** A worker that answers every request with the tokens 0, 1, 2 ... in steps that the test allows or that run by themselves. */
  private final class FakeWorker implements Worker {
    private final Pipe down = new Pipe();
    private final Pipe up = new Pipe();
    private final Wire near = new End(down, up);
    private final int number;
    private final BlockingQueue<Long> held = new LinkedBlockingQueue<>();

    /** The requests that are never accepted. */
    private final Set<Long> preparing = ConcurrentHashMap.newKeySet();

    private volatile boolean dead;

    /** Whether it does not end when it is asked to. */
    private volatile boolean deaf;

    /** Counted down when it is asked to end. */
    private final CountDownLatch asked = new CountDownLatch(1);

    FakeWorker(int number) {
      this.number = number;
      Thread.ofVirtual().start(this::run);
    }

    private void run() {
      Frame frame;
      while (!dead && (frame = down.receive()) != null) {
        switch (frame.kind()) {
          case START -> {
            if (stillborn != 0) {
              stillborn--;
              die();
            } else if (unloadable != null) {
              Output out = new Output().begin(FrameKind.FAILED);
              FailureCodec.write(out, unloadable);
              up.send(out.end());
            } else if (number == 2 && !slowLoad.isZero()) {
              CompletableFuture.delayedExecutor(slowLoad.toMillis(), TimeUnit.MILLISECONDS).execute(this::ready);
            } else {
              ready();
            }
          }
          case SUBMIT -> submit(frame.values());
          case CALL -> fail(frame.values().number());
          case CANCEL -> cancel(frame.values().number());
          case CLOSE -> {
            asked.countDown();
            if (!stopped && !deaf) {
              die();
            }
          }
          default -> {}
        }
      }
    }

    private void ready() {
      Output out = new Output().begin(FrameKind.READY);
      NativeReport natives =
          new NativeReport("0.5.0", "none", "fake", Path.of("."), Optional.empty(), Optional.empty());
      ModelFacts model =
          new ModelFacts(
              Path.of("fake.gguf"),
              "fake",
              "",
              "",
              0,
              number == 1 ? 0 : sizeLater,
              0,
              0,
              0,
              Map.of(),
              Optional.empty());
      new WorkerFacts(model, CONFIG, 1000, natives, List.of()).write(out);
      up.send(out.end());
    }

    /** Answers a call as a worker does that has no memory left. */
    private void fail(long id) {
      Output out = new Output().begin(FrameKind.RESULT).put(id).put(false);
      FailureCodec.write(out, new OutOfMemoryError("none for the chat template"));
      up.send(out.end());
    }

    /** What is being prepared is refused, as nobody waits for it any more. */
    private void cancel(long id) {
      if (preparing.remove(id)) {
        Output out = new Output().begin(FrameKind.REFUSED).put(id);
        FailureCodec.write(out, new CancellationException("no one waits for this any more"));
        up.send(out.end());
      }
    }

    private void submit(Input in) {
      long id = in.number();
      in.number();
      in.flag();
      in.integer();
      int[] replay = in.integers();
      byte[] request = in.rest();
      String prompt =
          RequestCodec.read(new Input(request)) instanceof CompletionRequest completion
                  && completion.prompt() instanceof Prompt.Text(String text, boolean _)
              ? text
              : "";
      if (prompt.contains("invalid")) {
        Output out = new Output().begin(FrameKind.REFUSED).put(id);
        FailureCodec.write(out, new InvalidRequestException("prompt", "It is invalid."));
        up.send(out.end());
        return;
      }
      if (prompt.contains("unanswered") && number == 1) {
        preparing.add(id);
        unanswered.countDown();
        return;
      }
      if (prompt.contains("prepare") || prompt.contains("twice") && twice.getAndDecrement() > 0) {
        die();
        return;
      }
      up.send(new Output().begin(FrameKind.ACCEPTED).put(id).put(5).end());
      Thread.ofVirtual().start(() -> generate(id, prompt, replay.length));
    }

    private void generate(long id, String prompt, int replayed) {
      int[] first = new int[replayed];
      for (int token = 0; token < replayed; token++) {
        first[token] = token;
      }
      // The replayed tokens come in one frame and other pieces than before.
      String all = whole(replayed);
      if (replayed > 0) {
        events(id, first, List.of(piece(all.substring(0, all.length() / 2)), piece(all.substring(all.length() / 2))));
      }
      if (prompt.contains("scored") && replayed == 0) {
        // A worker computes them in other chunks than another.
        for (int from = 0; from < SCORES; from += number) {
          if (number == 1 && from == SCORES / 2) {
            held.add(id);
            return;
          }
          events(id, new int[0], List.of(scores(from, Math.min(SCORES, from + number))));
        }
      }
      for (int token = replayed; token < LENGTH && !dead; token++) {
        if (prompt.contains("step") && token == deadlyToken) {
          die();
          return;
        }
        if (prompt.contains("hold") && number == 1 && token == LENGTH / 2) {
          held.add(id);
          return;
        }
        events(id, new int[] {token}, List.of(piece(text(token))));
      }
      events(
          id,
          new int[0],
          List.of(
              new GenerationEvent.Finished(
                  FinishReason.LENGTH,
                  new Usage(5, 0, LENGTH, 0),
                  new Timings(Duration.ZERO, Duration.ofMillis(1), Duration.ofMillis(2)))));
    }

    /** Says to all requests that it holds that its engine has ended, as one does that ends in order before it dies. */
    void end(RuntimeException why) {
      for (long id : held) {
        Output out = new Output().begin(FrameKind.BROKEN).put(id);
        FailureCodec.write(out, why);
        up.send(out.end());
      }
      Output out = new Output().begin(FrameKind.REFUSED).put(held.peek());
      FailureCodec.write(out, new EngineClosedException());
      up.send(out.end());
    }

    private static GenerationEvent scores(int from, int to) {
      return new GenerationEvent.PromptLogprobs(
          IntStream.range(from, to)
              .mapToObj(token -> new TokenLogprobs(new TokenLogprobs.TokenLogprob(token, -token), List.of()))
              .toList());
    }

    private static GenerationEvent piece(String text) {
      return new GenerationEvent.Text(text, List.of());
    }

    private void events(long id, int[] tokens, List<GenerationEvent> events) {
      if (!dead) {
        up.send(new Output().begin(FrameKind.EVENTS).put(id).put(0).put(tokens).put(events, EventCodec::write).end());
      }
    }

    void die() {
      dead = true;
      near.close();
    }

    @Override
    public long pid() {
      return number;
    }

    @Override
    public Wire wire() {
      return near;
    }

    @Override
    public boolean isStopped() {
      return stopped;
    }

    @Override
    public void kill() {
      die();
    }

    @Override
    public Death awaitDeath() {
      return new Death("it was a script", List.of("a last word"), null, foreign, outOfMemory);
    }
  }

  private static final EngineConfig CONFIG = EngineConfig.builder().slots(4).queueLimit(4).mailboxCapacity(64).build();

  private Supervisor start(IsolationConfig limits) {
    return Supervisor.start(
        () -> {
          int number = launched.incrementAndGet();
          awaitLaunch();
          FakeWorker worker = new FakeWorker(number);
          latest = worker;
          return worker;
        },
        new StartOrder(
            Path.of("fake.gguf"), ModelConfig.defaults(), CONFIG.toBuilder().isolationConfig(limits).build()),
        new CrashReports(reports),
        LoadListener.NONE,
        patience,
        "test-supervisor");
  }

  private void awaitLaunch() throws IOException {
    try {
      launching.await();
    } catch (InterruptedException end) {
      throw new IOException(end);
    }
  }

  private FakeWorker worker() {
    FakeWorker worker = latest;
    if (worker == null) {
      throw new IllegalStateException("no worker was launched");
    }
    return worker;
  }

  private Supervisor start() {
    return start(IsolationConfig.defaults());
  }

  private static Generation generate(Supervisor supervisor, String prompt) {
    CompletionRequest request =
        CompletionRequest.of(prompt).with(GenerationOptions.builder().sampling(Sampling.greedy()).build());
    return supervisor.client().generate(request, Sampling.defaults());
  }

  private static CompletableFuture<Completion> later(Supervisor supervisor, String prompt) {
    CompletableFuture<Completion> answer = new CompletableFuture<>();
    Thread.ofVirtual()
        .start(() -> {
          try {
            answer.complete(generate(supervisor, prompt).await());
          } catch (RuntimeException failure) {
            answer.completeExceptionally(failure);
          }
        });
    return answer;
  }

  @Test
  void aWorkerWithoutMemoryEndsItsRehearsalAndNothingElse() {
    try (Supervisor supervisor = start()) {
      assertThatThrownBy(() -> supervisor.client().countTokens("a")).isInstanceOf(GenerationException.class);
      assertThatCode(() -> Rehearsal.run(supervisor.client())).doesNotThrowAnyException();
      assertThat(supervisor.state()).isEqualTo(EngineState.RUNNING);
    }
  }

  @Test
  void aDeathInTheMiddleLosesAndDoublesNothing() throws InterruptedException {
    try (Supervisor supervisor = start()) {
      Generation generation = generate(supervisor, "hold");
      StringBuilder text = new StringBuilder();
      while (text.length() < whole(LENGTH / 2).length()) {
        generation.poll(Duration.ofSeconds(30)).ifPresent(event -> text.append(((GenerationEvent.Text) event).text()));
      }
      worker().die();
      Completion rest = generation.await();
      assertThat(text + rest.text()).isEqualTo(whole(LENGTH));
      assertThat(rest.timings().resumed()).isEqualTo(1);
      assertThat(supervisor.restarts()).isEqualTo(1);
    }
  }

  /** The log-probabilities of a prompt of which one worker has sent a part. */
  @Test
  void aDeathInThePromptLosesAndDoublesNothing() throws InterruptedException {
    try (Supervisor supervisor = start()) {
      Generation generation = generate(supervisor, "scored");
      List<TokenLogprobs> scores = new ArrayList<>();
      while (scores.size() < SCORES / 2) {
        generation
            .poll(Duration.ofSeconds(30))
            .ifPresent(event -> scores.addAll(((GenerationEvent.PromptLogprobs) event).tokens()));
      }
      worker().die();
      Completion rest = generation.await();
      scores.addAll(rest.promptLogprobs());
      assertThat(scores.stream().map(score -> score.chosen().token()))
          .containsExactlyElementsOf(IntStream.range(0, SCORES).boxed().toList());
      assertThat(rest.text()).isEqualTo(whole(LENGTH));
      assertThat(rest.timings().resumed()).isEqualTo(1);
    }
  }

  @Test
  void anotherModelInTheFileEndsTheEngine() throws InterruptedException {
    sizeLater = 1;
    try (Supervisor supervisor = start()) {
      CompletableFuture<Completion> answer = later(supervisor, "unanswered");
      unanswered.await();
      worker().die();
      assertThatThrownBy(answer::join).hasCauseInstanceOf(GenerationException.class);
      assertThat(supervisor.state()).isEqualTo(EngineState.FAILED);
      assertThat(supervisor.failure()).containsInstanceOf(ModelFileChangedException.class);
    }
  }

  @Test
  void deathsThatOthersCauseConvictNobody() {
    foreign = true;
    twice.set(7);
    try (Supervisor supervisor = start()) {
      assertThat(later(supervisor, "twice").join().text()).isEqualTo(whole(LENGTH));
      assertThat(supervisor.restarts()).isEqualTo(7);
    }
  }

  @Test
  void waitingForTheNextWorkerIsNoPreparation() throws InterruptedException {
    slowLoad = Duration.ofMillis(1500);
    try (Supervisor supervisor = start(IsolationConfig.builder().stepLimit(Duration.ofMillis(500)).build())) {
      CompletableFuture<Completion> answer = later(supervisor, "unanswered");
      unanswered.await();
      worker().die();
      assertThat(answer.join().text()).isEqualTo(whole(LENGTH));
      assertThat(supervisor.restarts()).isEqualTo(1);
    }
  }

  @Test
  void whoLeavesWhileARequestIsPreparedCancelsIt() throws Exception {
    try (Supervisor supervisor = start()) {
      CompletableFuture<Throwable> end = new CompletableFuture<>();
      Thread caller =
          Thread.ofVirtual()
              .start(() -> {
                try {
                  generate(supervisor, "unanswered");
                } catch (GenerationException left) {
                  end.complete(Thread.currentThread().isInterrupted() ? left : new AssertionError("the flag is lost"));
                }
              });
      unanswered.await();
      assertThat(supervisor.stats().waiting()).isEqualTo(1);
      caller.interrupt();
      assertThat(end.get())
          .isInstanceOfSatisfying(
              GenerationException.class,
              left -> assertThat(left.reason()).isEqualTo(GenerationException.Reason.INTERRUPTED));
      while (supervisor.stats().waiting() > 0) {
        Thread.onSpinWait();
      }
      assertThat(worker().preparing).isEmpty();
      assertThat(supervisor.restarts()).isZero();
    }
  }

  @Test
  void whatNobodyWaitsForIsNotSentToTheNextWorker() throws Exception {
    try (Supervisor supervisor = start()) {
      Thread caller = Thread.ofVirtual().start(() -> catchThrowable(() -> generate(supervisor, "unanswered prepare")));
      unanswered.await();
      // This worker does not notice: it dies as it is told.
      FakeWorker first = worker();
      first.preparing.clear();
      caller.interrupt();
      caller.join();
      first.die();
      assertThat(generate(supervisor, "another").await().text()).isEqualTo(whole(LENGTH));
      assertThat(supervisor.restarts()).isEqualTo(1);
    }
  }

  @Test
  void aReaderThatIsBehindGetsEverythingOnce() throws InterruptedException {
    try (Supervisor supervisor = start()) {
      Generation generation = generate(supervisor, "hold");
      generation.poll(Duration.ofSeconds(30));
      worker().die();
      assertThat(text(0) + generation.await().text()).isEqualTo(whole(LENGTH));
    }
  }

  @Test
  void theOneThatKillsFailsAndTheOthersGoOn() {
    deadlyToken = 3;
    try (Supervisor supervisor = start()) {
      List<CompletableFuture<Completion>> others = new ArrayList<>();
      for (int i = 0; i < 5; i++) {
        others.add(later(supervisor, "good " + i));
      }
      CompletableFuture<Completion> guilty = later(supervisor, "a step that kills");
      assertThatThrownBy(guilty::join)
          .cause()
          .isInstanceOf(GenerationException.class)
          .extracting(e -> ((GenerationException) e).reason())
          .isEqualTo(GenerationException.Reason.ENGINE_KILLED);
      for (CompletableFuture<Completion> other : others) {
        assertThat(other.join().text()).isEqualTo(whole(LENGTH));
      }
      // The worker after the last death has started, so whatever starts from now on would be the guilty one's.
      assertThat(generate(supervisor, "another").await().text()).isEqualTo(whole(LENGTH));
      int before = launched.get();
      assertThatThrownBy(() -> generate(supervisor, "a step that kills"))
          .isInstanceOf(GenerationException.class)
          .hasMessageContaining("before");
      assertThat(launched).hasValue(before);
      assertThat(generate(supervisor, "another").await().text()).isEqualTo(whole(LENGTH));
    }
  }

  @Test
  void aPreparationThatKillsFails() {
    try (Supervisor supervisor = start()) {
      assertThatThrownBy(() -> generate(supervisor, "prepare"))
          .isInstanceOf(GenerationException.class)
          .hasMessageContaining("it was a script");
    }
  }

  @Test
  void aCoincidenceIsForgiven() {
    twice.set(1);
    try (Supervisor supervisor = start()) {
      assertThat(generate(supervisor, "twice").await().text()).isEqualTo(whole(LENGTH));
    }
  }

  @Test
  void aRefusalIsARefusal() {
    try (Supervisor supervisor = start()) {
      assertThatThrownBy(() -> generate(supervisor, "invalid"))
          .isInstanceOf(InvalidRequestException.class)
          .hasMessage("It is invalid.");
      assertThat(supervisor.restarts()).isZero();
    }
  }

  @Test
  void aFullQueueIsBusy() {
    try (Supervisor supervisor = start()) {
      List<Generation> held = new ArrayList<>();
      for (int i = 0; i < 8; i++) {
        held.add(generate(supervisor, "hold " + i));
      }
      assertThatThrownBy(() -> generate(supervisor, "one more")).isInstanceOf(EngineBusyException.class);
      worker().die();
      held.forEach(generation -> assertThat(generation.await().text()).isEqualTo(whole(LENGTH)));
      assertThat(generate(supervisor, "one more").await().text()).isEqualTo(whole(LENGTH));
    }
  }

  @ParameterizedTest
  @EnumSource(
      value = GenerationException.Reason.class,
      names = {"ENGINE_CLOSED", "ENGINE_FAILED"})
  void anEngineThatEndsUnaskedIsADeath(GenerationException.Reason reason) throws InterruptedException {
    try (Supervisor supervisor = start()) {
      FakeWorker first = worker();
      List<Generation> generations = List.of(generate(supervisor, "hold"), generate(supervisor, "hold too"));
      while (first.held.size() < 2) {
        Thread.sleep(1);
      }
      first.end(new GenerationException(reason, "It has ended.", null));
      for (Generation generation : generations) {
        Completion answer = generation.await();
        assertThat(answer.text()).isEqualTo(whole(LENGTH));
        assertThat(answer.timings().resumed()).isEqualTo(1);
      }
      assertThat(supervisor.restarts()).isEqualTo(1);
    }
  }

  @Test
  void firstWorkersThatDieAreAFailedStart() {
    stillborn = -1;
    assertThatThrownBy(this::start)
        .isInstanceOf(EngineStartException.class)
        .hasMessageContaining("it was a script")
        .extracting(e -> ((EngineStartException) e).reason())
        .isEqualTo(EngineStartException.Reason.PROCESS_DIED);
    assertThat(launched).hasValue(3);
  }

  @Test
  void aFirstWorkerThatDiesIsReplaced() {
    stillborn = 2;
    try (Supervisor supervisor = start()) {
      assertThat(generate(supervisor, "x").await().text()).isEqualTo(whole(LENGTH));
      assertThat(launched).hasValue(3);
    }
  }

  @Test
  void aFirstWorkerThatSaysWhyIsNotReplaced() {
    unloadable = new EngineStartException(EngineStartException.Reason.REFUSED, "It was refused.", null);
    assertThatThrownBy(this::start).isInstanceOf(EngineStartException.class).hasMessage("It was refused.");
    assertThat(launched).hasValue(1);
  }

  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aLimitOfMemoryThatIsTooSmallIsNamed(boolean dies) {
    IsolationConfig limits = IsolationConfig.builder().memoryBytes(300 << 20).build();
    if (dies) {
      stillborn = -1;
      outOfMemory = true;
    } else {
      unloadable = new IllegalStateException(new OutOfMemoryError("none for the chat template"));
    }
    assertThatThrownBy(() -> start(limits))
        .isInstanceOfSatisfying(
            EngineStartException.class,
            refused -> assertThat(refused.reason()).isEqualTo(EngineStartException.Reason.INSUFFICIENT_MEMORY))
        .hasMessageStartingWith("memoryBytes is 314572800 bytes")
        .hasMessageContaining("fake.gguf");
    assertThat(launched).hasValue(1);
  }

  /** Nobody has seen the process yet. */
  @Test
  void aSupervisorThatIsClosedWhileAWorkerStartsEndsIt() throws InterruptedException {
    Supervisor supervisor = start();
    FakeWorker first = worker();
    launching = new CountDownLatch(1);
    first.die();
    while (launched.get() < 2) {
      Thread.sleep(1);
    }
    CompletableFuture<Void> closing = CompletableFuture.runAsync(supervisor::close);
    while (supervisor.state() != EngineState.CLOSED) {
      Thread.sleep(1);
    }
    launching.countDown();
    closing.join();
    FakeWorker second = worker();
    assertThat(second == first || second.dead).isTrue();
  }

  @Test
  void workersAreStartedUntilOneStarts() {
    try (Supervisor supervisor = start()) {
      Generation held = generate(supervisor, "hold");
      stillborn = 8;
      worker().die();
      assertThat(held.await().text()).isEqualTo(whole(LENGTH));
      assertThat(supervisor.restarts()).isEqualTo(9);
      assertThat(supervisor.state()).isEqualTo(EngineState.RUNNING);
    }
  }

  @Test
  void requestsDoNotWaitForeverForAWorker() {
    patience = Duration.ZERO;
    try (Supervisor supervisor = start()) {
      Generation held = generate(supervisor, "hold");
      stillborn = -1;
      worker().die();
      assertThatThrownBy(held::await).satisfies(SupervisorTest::mayBeTriedAgain);
      assertThatThrownBy(() -> generate(supervisor, "x")).satisfies(SupervisorTest::mayBeTriedAgain);
      assertThat(supervisor.state()).isEqualTo(EngineState.RESTARTING);
      while (supervisor.state() != EngineState.RUNNING) {
        stillborn = 0; // a worker that is dying counts down at the same time
        Thread.onSpinWait();
      }
      assertThat(generate(supervisor, "x").await().text()).isEqualTo(whole(LENGTH));
    }
  }

  private static void mayBeTriedAgain(Throwable failure) {
    assertThat(failure)
        .isInstanceOfSatisfying(
            GenerationException.class,
            ended -> assertThat(ended.reason()).isEqualTo(GenerationException.Reason.ENGINE_RESTARTING));
  }

  @Test
  void silenceIsDeath() {
    try (Supervisor supervisor = start(IsolationConfig.builder().silenceLimit(Duration.ofMillis(300)).build())) {
      Generation held = generate(supervisor, "hold");
      // The script says nothing while it holds.
      assertThat(held.await().text()).isEqualTo(whole(LENGTH));
      assertThat(supervisor.restarts()).isPositive();
    }
  }

  @Test
  void aTimeLimitHoldsWithoutAWorkerToo() {
    try (Supervisor supervisor = start()) {
      stillborn = 3;
      worker().die();
      GenerationOptions options =
          GenerationOptions.builder().sampling(Sampling.greedy()).timeLimit(Duration.ofMillis(1)).build();
      Completion answer =
          supervisor.client().generate(CompletionRequest.of("hold").with(options), Sampling.defaults()).await();
      assertThat(answer.reason()).isEqualTo(FinishReason.TIME_LIMIT);
    }
  }

  /** It would not hear that it is to end; one that is stopped only then is not waited for either. */
  @ParameterizedTest
  @ValueSource(booleans = {true, false})
  void aStoppedWorkerIsEndedAtOnce(boolean before) throws Exception {
    Supervisor supervisor = start();
    stopped = before;
    FakeWorker worker = worker();
    long begin = System.nanoTime();
    if (!before) {
      // It hears the question, and is stopped before it answers.
      worker.deaf = true;
      CompletableFuture<Void> closing = CompletableFuture.runAsync(supervisor::close);
      worker.asked.await();
      stopped = true;
      closing.join();
    } else {
      supervisor.close();
    }
    assertThat(worker.dead).isTrue();
    // Much less than the ten seconds that a worker may take to end in order.
    assertThat(Duration.ofNanos(System.nanoTime() - begin)).isLessThan(Duration.ofSeconds(8));
    assertThat(worker.asked.getCount()).isEqualTo(before ? 1 : 0);
  }

  @Test
  void whatIsToBeDoneBeforeARestartIsDoneEachTimeEvenIfItFails() {
    AtomicInteger calls = new AtomicInteger();
    IsolationConfig limits =
        IsolationConfig.builder()
            .beforeRestart(() -> {
              calls.incrementAndGet();
              throw new IllegalStateException("a hook that fails");
            })
            .build();
    try (Supervisor supervisor = start(limits)) {
      assertThat(calls).hasValue(0);
      Generation held = generate(supervisor, "hold");
      stillborn = 1;
      worker().die();
      assertThat(held.await().text()).isEqualTo(whole(LENGTH));
      assertThat(calls).hasValue(2);
    }
  }

  @Test
  void aClosedSupervisorEndsWhatItHas() {
    Supervisor supervisor = start();
    Generation held = generate(supervisor, "hold");
    supervisor.close();
    assertThatThrownBy(held::await)
        .isInstanceOf(GenerationException.class)
        .extracting(e -> ((GenerationException) e).reason())
        .isEqualTo(GenerationException.Reason.ENGINE_CLOSED);
  }
}
