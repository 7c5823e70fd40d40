package io.panallama.internal.engine;

import io.panallama.error.GenerationException.Reason;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.schedule.Schedulable;
import java.util.Arrays;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.LockSupport;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The sequences whose tokens a logit processor helps choose. They are paused between the step that computed their
 * logits and the processor's answer. Engine thread only.
 */
final class ProcessorCalls {
  /**
   * How long the engine waits for all processors of a step together. A round trip takes some 20 us, so a typical
   * processor answers in this time and its sequence misses no step; the tokens of the other sequences are published
   * before.
   */
  static final long PATIENCE_NANOS = 500_000;

  /** Processes a sample in the stepper. */
  interface Taker {
    void take(Sequence sequence, int sample, long now);
  }

  private final EngineLoop loop;
  private final Outputs outputs;
  private final LongSupplier clock;
  private final Taker taker;
  private final Runnable wake;

  /** Preempted sequences stay in it, so it may have to grow. */
  private Sequence[] asked;

  private final Sequence[] answered;
  private int count;

  ProcessorCalls(EngineLoop loop, Runnable wake, Outputs outputs, int slots, LongSupplier clock, Taker taker) {
    this.loop = loop;
    this.outputs = outputs;
    this.clock = clock;
    this.taker = taker;
    this.wake = wake;
    this.asked = new Sequence[slots];
    this.answered = new Sequence[slots];
  }

  /** Asks the processor about the candidates of a sample; returns false if there are none because the sample failed. */
  boolean ask(Sequence sequence, int sample, long now) {
    ProcessorCall call = requireCall(sequence);
    if (!outputs.readCandidates(sample, sequence.sampler(), call.candidates())) {
      return false;
    }
    call.ask(now, wake);
    if (count == asked.length) {
      asked = Arrays.copyOf(asked, 2 * count);
    }
    asked[count++] = sequence;
    return true;
  }

  /** Waits briefly for the processors that were just asked. */
  void await() {
    long deadline = clock.getAsLong() + PATIENCE_NANOS;
    while (anyAsked()) {
      long left = deadline - clock.getAsLong();
      if (left <= 0) {
        return;
      }
      LockSupport.parkNanos(this, left);
    }
  }

  private boolean anyAsked() {
    for (int i = 0; i < count; i++) {
      if (requireCall(asked[i]).state() == ProcessorCall.State.ASKED) {
        return true;
      }
    }
    return false;
  }

  /** Whether an answer can be taken. The answer for a preempted sequence is taken once it is active again. */
  boolean hasAnswers() {
    for (int i = 0; i < count; i++) {
      if (asked[i].isActive() && requireCall(asked[i]).state() != ProcessorCall.State.ASKED) {
        return true;
      }
    }
    return false;
  }

  /** The earliest time at which an answer is late; {@link Schedulable#NO_DEADLINE} if none is expected. */
  long nextDeadline() {
    long next = Schedulable.NO_DEADLINE;
    for (int i = 0; i < count; i++) {
      if (asked[i].isActive()) {
        next = Math.min(next, requireCall(asked[i]).deadline());
      }
    }
    return next;
  }

  /** Chooses the tokens of sequences with an answer, and fails those whose processor failed or is late. */
  void collect() {
    if (count == 0) {
      return;
    }
    outputs.clearSamples();
    int kept = 0;
    int choices = 0;
    long now = clock.getAsLong();
    for (int i = 0; i < count; i++) {
      Sequence sequence = asked[i];
      ProcessorCall call = requireCall(sequence);
      if (sequence.isFinished()) {
        continue;
      }
      if (!sequence.isActive() || call.state() == ProcessorCall.State.ASKED && now < call.deadline()) {
        asked[kept++] = sequence;
      } else if (call.state() == ProcessorCall.State.ANSWERED && call.candidates().anyLeft()) {
        outputs.addChoice(sequence.sampler(), call.candidates(), sequence.topLogprobs());
        answered[choices++] = sequence;
      } else {
        fail(sequence, call);
      }
    }
    // Finished sequences must not stay reachable until another one uses a processor.
    Arrays.fill(asked, kept, count, null);
    count = kept;
    if (choices > 0) {
      take(choices, now);
    }
  }

  private void take(int choices, long now) {
    outputs.sample();
    loop.counters().chosen(choices);
    for (int i = 0; i < choices; i++) {
      Sequence sequence = answered[i];
      requireCall(sequence).taken(outputs.sampledToken(i));
      taker.take(sequence, i, now);
    }
    Arrays.fill(answered, 0, choices, null);
  }

  private void fail(Sequence sequence, ProcessorCall call) {
    @Nullable Throwable thrown = call.failure();
    String why =
        switch (call.state()) {
          case FAILED -> "threw " + thrown;
          case ANSWERED -> "forbade every candidate";
          default -> "took longer than " + TimeUnit.NANOSECONDS.toMicros(call.limitNanos()) / 1e3 + " ms";
        };
    loop.fail(sequence, Reason.PROCESSOR_FAILED, "The logit processor " + why + ".", thrown);
  }

  private static ProcessorCall requireCall(Sequence sequence) {
    ProcessorCall call = sequence.processor();
    if (call == null) {
      throw new IllegalStateException("a sequence without a processor");
    }
    return call;
  }
}
