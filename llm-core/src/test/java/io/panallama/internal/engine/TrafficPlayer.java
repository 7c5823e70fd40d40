package io.panallama.internal.engine;

import io.panallama.config.SpillConfig;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.decode.KvMemory.Rewind;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.internal.engine.TrafficScenario.Action;
import io.panallama.internal.engine.TrafficScenario.Break;
import io.panallama.internal.engine.TrafficScenario.Cancel;
import io.panallama.internal.engine.TrafficScenario.Submit;
import io.panallama.request.ContextOverflow;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;
import org.jspecify.annotations.Nullable;

/**
 * Plays a scenario on the engine thread itself, from inside the inbox that the loop looks into once a turn: the same
 * scenario always gives the same run.
 */
final class TrafficPlayer {
  /** A scenario in which nothing happens for so long is stuck. */
  private static final Duration STUCK = Duration.ofSeconds(20);

  /** While the disk is waited for, turns go by; they need not be many. */
  private static final long NAP_NANOS = 100_000;

  private final TrafficScenario scenario;
  private final SpillConfig spill;
  private final List<Running> running = new ArrayList<>();
  private final CompletableFuture<@Nullable String> verdict = new CompletableFuture<>();
  private final CompletableFuture<EngineFront> loop = new CompletableFuture<>();
  private final AtomicLong clock = new AtomicLong(1);
  private @Nullable FakeDecoder decoder;
  private int turn;
  private int next;
  private int stepsSeen;
  private long lastProgress = System.nanoTime();

  private TrafficPlayer(TrafficScenario scenario, Path folder) {
    this.scenario = scenario;
    SpillConfig memory = SpillConfig.toMemory(scenario.memoryBytes());
    this.spill = scenario.diskBytes() == 0 ? memory : memory.toBuilder().disk(folder, scenario.diskBytes()).build();
  }

  /**
   * How a scenario went.
   *
   * @param fault what went wrong; null if nothing did
   */
  record Outcome(@Nullable String fault, long shares, long restores, long preemptions) {}

  /**
   * Plays a scenario.
   *
   * @param folder to spill to, whatever is there already
   */
  static Outcome play(TrafficScenario scenario, Path folder) {
    TrafficPlayer player = new TrafficPlayer(scenario, folder);
    String fault = player.run();
    FakeDecoder decoder = Objects.requireNonNull(player.decoder);
    if (fault == null && decoder.images.get() != 0) {
      fault = decoder.images.get() + " images were not freed";
    }
    return new Outcome(fault, decoder.shares, decoder.restores, player.loop.join().stats().preemptions());
  }

  private @Nullable String run() {
    try (EngineFront engine =
        EngineFront.start(
            new EngineSettings("traffic", scenario.slots(), 1000, scenario.mailbox(), scenario.itlTarget(), spill),
            FakeDecoder.letters(TrafficScenario.VOCABULARY),
            this::decoder,
            new Turns(),
            clock::get)) {
      loop.complete(engine);
      return verdict.join();
    }
  }

  private FakeDecoder decoder() {
    FakeDecoder made =
        new FakeDecoder(
            scenario.batch(),
            scenario.context(),
            scenario.sequenceContext(),
            TrafficScenario.VOCABULARY,
            scenario.sequenceIds());
    made.split = scenario.split();
    made.rewind = scenario.rewind();
    made.canRemovePart = scenario.rewind() != Rewind.NEVER;
    made.beforeDecode = _ -> clock.addAndGet(3_000_000);
    decoder = made;
    return made;
  }

  /** The inbox; before the loop finds it empty, it is the scenario's turn. */
  private final class Turns extends ConcurrentLinkedQueue<Sequence> {
    private static final long serialVersionUID = 1L;
    private boolean played;

    @Override
    public @Nullable Sequence poll() {
      Sequence sequence = super.poll();
      if (sequence == null && !played && !verdict.isDone()) {
        played = true;
        try {
          playTurn();
        } catch (Throwable failure) {
          verdict.complete(failure.toString());
        }
        sequence = super.poll();
      }
      if (sequence == null) {
        played = false;
      }
      return sequence;
    }

    /** While there is more to come, the loop does not park. */
    @Override
    public boolean isEmpty() {
      return super.isEmpty() && verdict.isDone();
    }
  }

  private void playTurn() throws InterruptedException {
    while (next < scenario.actions().size() && scenario.actions().get(next).turn() <= turn) {
      act(scenario.actions().get(next++));
    }
    boolean allOver = next == scenario.actions().size();
    for (Running generation : running) {
      generation.read();
      allOver &= generation.end != null;
    }
    turn++;
    if (allOver) {
      verdict.complete(judge());
    } else {
      watch();
    }
  }

  private void watch() {
    List<Running> open = running.stream().filter(one -> one.end == null).toList();
    int steps = Objects.requireNonNull(decoder).steps.size();
    if (steps != stepsSeen || open.isEmpty()) {
      stepsSeen = steps;
      lastProgress = System.nanoTime();
    } else if (System.nanoTime() - lastProgress > STUCK.toNanos()) {
      verdict.complete("stuck: " + open);
    } else {
      LockSupport.parkNanos(NAP_NANOS);
    }
  }

  private void act(Action action) {
    switch (action) {
      case Submit submit -> {
        Generation generation =
            loop.join().submit(submit.prompt().clone(), submit.options(), List.of(), new FakeSampler(), null);
        running.add(new Running(submit, generation));
      }
      case Cancel cancel ->
          running.stream()
              .filter(one -> one.submit.request() == cancel.request())
              .forEach(one -> one.generation.cancel());
      case Break broken -> {
        if (decoder != null) {
          decoder.script(broken.status());
        }
      }
    }
  }

  private @Nullable String judge() {
    for (Running generation : running) {
      String fault = generation.fault();
      if (fault != null) {
        return fault;
      }
    }
    int left = loop.join().stats().running() + loop.join().stats().waiting();
    return left == 0 ? null : left + " requests are still counted";
  }

  private final class Running {
    private final Submit submit;
    private final Generation generation;
    private final StringBuilder text = new StringBuilder();
    private GenerationEvent.@Nullable Finished end;

    Running(Submit submit, Generation generation) {
      this.submit = submit;
      this.generation = generation;
    }

    void read() throws InterruptedException {
      while (end == null && turn >= submit.readFrom()) {
        Optional<GenerationEvent> event = generation.poll(Duration.ZERO);
        if (event.isEmpty()) {
          return;
        }
        switch (event.get()) {
          case GenerationEvent.Text piece -> text.append(piece.text());
          case GenerationEvent.Finished finished -> end = finished;
          default -> throw new AssertionError("a raw generation gave " + event.get());
        }
      }
    }

    @Nullable String fault() {
      String whole = FakeDecoder.text(expected());
      FinishReason reason = end == null ? null : end.reason();
      boolean right =
          switch (reason) {
            case CANCELLED -> whole.startsWith(text.toString());
            case CONTEXT_FULL -> {
              int room = scenario.sequenceContext() - submit.prompt().length;
              yield whole.startsWith(text.toString()) && text.length() == Math.min(room, submit.options().maxTokens());
            }
            case LENGTH -> whole.contentEquals(text);
            case null, default -> false;
          };
      return right ? null : this + " gave " + text + " instead of " + whole;
    }

    private int[] expected() {
      int count = submit.options().maxTokens();
      return submit.options().overflow() instanceof ContextOverflow.Shift shift
          ? FakeDecoder.expectedWithShift(
              submit.prompt(), count, scenario.sequenceContext(), shift.keep(), TrafficScenario.VOCABULARY)
          : FakeDecoder.expected(submit.prompt(), count, TrafficScenario.VOCABULARY);
    }

    @Override
    public String toString() {
      return "request " + submit.request() + " (" + (end == null ? "running" : end.reason()) + ")";
    }
  }
}
