package io.panallama.internal.worker;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.LoadListener;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelFileChangedException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.internal.worker.Wire.Frame;
import io.panallama.observe.EngineState;
import io.panallama.observe.NativeReport;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampling;
import java.nio.ByteBuffer;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** What a supervisor does about its workers, with workers that are scripts in this process. */
@Timeout(60)
class SupervisorTest {
  private static final int LENGTH = 12;

  @TempDir private Path reports;

  private final AtomicInteger launched = new AtomicInteger();

  /** How many workers die while they start; a negative number: all. */
  private volatile int stillborn;

  /** Workers die at this token of a request whose prompt contains "step"; 0: never. */
  private volatile int deadlyToken;

  /** How many times a worker dies of a request whose prompt contains "twice". */
  private final AtomicInteger twice = new AtomicInteger(2);

  private volatile @Nullable FakeWorker latest;

  /** Whether workers seem to be ended by another process. */
  private volatile boolean foreign;

  /** The size of the model in all workers but the first. */
  private volatile long sizeLater;

  /** Counted down when the first worker has got a request that contains "unanswered", which it ignores. */
  private final CountDownLatch unanswered = new CountDownLatch(1);

  /** How long the second worker takes to load. */
  private volatile Duration slowLoad = Duration.ZERO;

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
    private volatile boolean dead;

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
            } else if (number == 2 && !slowLoad.isZero()) {
              CompletableFuture.delayedExecutor(slowLoad.toMillis(), TimeUnit.MILLISECONDS).execute(this::ready);
            } else {
              ready();
            }
          }
          case SUBMIT -> submit(frame.values());
          case CLOSE -> die();
          default -> {}
        }
      }
    }

    private void ready() {
      Output out = new Output().begin(FrameKind.READY);
      NativeReport natives =
          new NativeReport("0.5.0", "none", "fake", Path.of("."), Optional.empty(), Optional.empty());
      new WorkerFacts(
              "fake",
              "",
              "",
              0,
              number == 1 ? 0 : sizeLater,
              0,
              0,
              0,
              Map.of(),
              Optional.empty(),
              CONFIG,
              1000,
              natives,
              List.of())
          .write(out);
      up.send(out.end());
    }

    private void submit(Input in) {
      long id = in.number();
      in.number();
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
      for (int token = replayed; token < LENGTH && !dead; token++) {
        if (prompt.contains("step") && token == deadlyToken) {
          die();
          return;
        }
        if (prompt.contains("hold") && number == 1 && token == LENGTH / 2) {
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

    private static GenerationEvent piece(String text) {
      return new GenerationEvent.Text(text, List.of());
    }

    private void events(long id, int[] tokens, List<GenerationEvent> events) {
      if (!dead) {
        up.send(new Output().begin(FrameKind.EVENTS).put(id).put(tokens).put(events, EventCodec::write).end());
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
      return false;
    }

    @Override
    public void kill() {
      die();
    }

    @Override
    public Death awaitDeath() {
      return new Death("it was a script", List.of("a last word"), null, foreign);
    }
  }

  private static final EngineConfig CONFIG = EngineConfig.builder().slots(4).queueLimit(4).mailboxCapacity(64).build();

  private Supervisor start(IsolationConfig limits) {
    return Supervisor.start(
        () -> {
          FakeWorker worker = new FakeWorker(launched.incrementAndGet());
          latest = worker;
          return worker;
        },
        new StartOrder(
            Path.of("fake.gguf"), ModelConfig.defaults(), CONFIG.toBuilder().isolationConfig(limits).build()),
        new CrashReports(reports),
        LoadListener.NONE,
        "test-supervisor");
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

  @Test
  void aFirstWorkerThatDiesIsAFailedStart() {
    stillborn = -1;
    assertThatThrownBy(this::start)
        .isInstanceOf(EngineStartException.class)
        .hasMessageContaining("it was a script")
        .extracting(e -> ((EngineStartException) e).reason())
        .isEqualTo(EngineStartException.Reason.PROCESS_DIED);
  }

  @Test
  void workersThatNoLongerStartFailTheEngine() {
    try (Supervisor supervisor = start()) {
      Generation held = generate(supervisor, "hold");
      stillborn = -1;
      worker().die();
      assertThatThrownBy(held::await)
          .isInstanceOf(GenerationException.class)
          .hasMessageContaining("The engine has failed");
      assertThat(supervisor.state()).isEqualTo(EngineState.FAILED);
      assertThatThrownBy(() -> generate(supervisor, "x")).isInstanceOf(EngineFailedException.class);
    }
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
