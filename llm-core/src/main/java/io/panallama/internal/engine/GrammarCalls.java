package io.panallama.internal.engine;

import io.panallama.internal.decode.Outputs;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;

/**
 * The sequences whose next token needs much work on a grammar. They are paused while a thread of their own takes the
 * sample, so that the others go on. Engine thread only.
 */
final class GrammarCalls {
  /**
   * How long one sample may take; its generation fails then. Matching an honest grammar takes milliseconds at most, so
   * this leaves room for a machine that is a hundred times too busy.
   */
  static final long LIMIT_NANOS = TimeUnit.SECONDS.toNanos(5);

  /** Processes a sample in the stepper. */
  interface Taker {
    void take(Sequence sequence, int sample);
  }

  private final EngineLoop loop;
  private final Outputs outputs;
  private final Runnable wake;
  private final Taker taker;

  /** Preempted sequences stay in it. */
  private final List<Sequence> asked = new ArrayList<>();

  private final List<Sequence> done = new ArrayList<>();

  GrammarCalls(EngineLoop loop, Outputs outputs, Runnable wake, Taker taker) {
    this.loop = loop;
    this.outputs = outputs;
    this.wake = wake;
    this.taker = taker;
  }

  /** Has a deferred sample taken. */
  void ask(Sequence sequence, int sample) {
    asked.add(sequence);
    sequence.grammar(LIMIT_NANOS, wake).ask(outputs.takeDeferred(sample));
  }

  /** Whether a sample is done. One of a preempted sequence is taken once that is active again. */
  boolean hasAnswers() {
    for (int i = 0; i < asked.size(); i++) {
      if (asked.get(i).isActive() && asked.get(i).grammar(LIMIT_NANOS, wake).isDone()) {
        return true;
      }
    }
    return false;
  }

  /** Processes the samples that are done. */
  void collect() {
    if (asked.isEmpty()) {
      return;
    }
    outputs.clearSamples();
    for (int i = asked.size() - 1; i >= 0; i--) {
      Sequence sequence = asked.get(i);
      if (sequence.isFinished()) {
        asked.remove(i);
      } else if (sequence.isActive() && sequence.grammar(LIMIT_NANOS, wake).isDone()) {
        asked.remove(i);
        done.add(sequence);
        GrammarCall call = sequence.grammar(LIMIT_NANOS, wake);
        outputs.addDeferred(sequence.sampler(), call.take(), sequence.topLogprobs());
      }
    }
    if (done.isEmpty()) {
      return;
    }
    outputs.sample();
    for (int i = 0; i < done.size(); i++) {
      Sequence sequence = done.get(i);
      // Counted before its reader is told of the end; what a processor still has to choose from is no token yet.
      loop.counters().chosen(sequence.processor() == null ? 1 : 0);
      taker.take(sequence, i);
    }
    done.clear();
  }
}
