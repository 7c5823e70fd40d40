package io.panallama.internal.engine;

import io.panallama.error.GenerationException.Reason;
import io.panallama.generation.FinishReason;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/** One step: plan, compute, sample, hand out; and what to do when computing does not go well. Engine thread only. */
final class Stepper {
  private final EngineLoop loop;
  private final Decoder decoder;
  private final PrefixCache prefixes;
  private final Scheduler scheduler;
  private final StepPlan plan;
  private final TokenSink sink;
  private final Sequence[] sampled;
  private final int[] outputs;
  private final LongSupplier clock;
  private final StepBudget budget;
  private final ProcessorCalls processors;

  /** Sequences of a batch that failed: one of them is to blame, so each is computed alone until it is known. */
  private final Deque<Sequence> suspects = new ArrayDeque<>();

  Stepper(
      EngineLoop loop,
      Decoder decoder,
      PrefixCache prefixes,
      Pieces pieces,
      EngineSettings settings,
      LongSupplier clock) {
    int slots = settings.slots();
    this.loop = loop;
    this.decoder = decoder;
    this.prefixes = prefixes;
    this.clock = clock;
    this.budget = new StepBudget(decoder.batchSize(), slots, settings.itlTarget().toNanos());
    this.scheduler = new Scheduler(decoder.batchSize(), budget);
    this.plan = new StepPlan(slots);
    this.sink = new TokenSink(pieces, decoder);
    this.sampled = new Sequence[slots];
    this.outputs = new int[slots];
    this.processors = new ProcessorCalls(loop, decoder, slots, clock, this::take);
  }

  /** The sequences that wait for a processor. */
  ProcessorCalls processors() {
    return processors;
  }

  /** Returns false if there was nothing to compute. */
  boolean step(List<Sequence> active) {
    processors.collect();
    long started = clock.getAsLong();
    int promptLimit = decoder.batchSize();
    while (true) {
      plan(active, started, promptLimit);
      if (plan.isEmpty()) {
        return false;
      }
      fillBatch(started);
      // A cancel from before fillBatch marked the prefills did not abort anything: look again before the long call.
      if (loop.isClosing() || cancelledPrefill()) {
        markPrefills(false);
        return true;
      }
      Decoder.Status status = decoder.decode();
      markPrefills(false);
      switch (status) {
        case OK -> {
          handOut(started);
          return true;
        }
        case NO_ROOM -> {
          // Nothing changed. First goes what finished sequences left, then the prompts get less, down to the generating
          // sequences alone; then somebody has to make room.
          if (prefixes.giveUpOldest()) {
            continue;
          }
          if (plan.promptTokens() > 1 || plan.promptTokens() == 1 && plan.size() > 1) {
            promptLimit = plan.promptTokens() / 2;
          } else {
            makeRoom(active);
            return true;
          }
        }
        case ABORTED -> {
          rollBack(active);
          return true;
        }
        case FAILED -> {
          failStep(active);
          return true;
        }
      }
    }
  }

  /** One suspect alone, as long as there are any that can be computed; otherwise what the scheduler says. */
  private void plan(List<Sequence> active, long now, int promptLimit) {
    while (!suspects.isEmpty()) {
      Sequence suspect = suspects.peekFirst();
      if (active.contains(suspect) && !suspect.sitsOut()) {
        scheduler.plan(List.of(suspect), now, promptLimit, plan);
        return;
      }
      suspects.removeFirst();
    }
    scheduler.plan(active, now, promptLimit, plan);
  }

  private void fillBatch(long now) {
    decoder.clearAbort();
    decoder.clearBatch();
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      sequence.generation().clock().step(now);
      outputs[i] = addTokens(sequence, plan.count(i), plan.completes(i) && !sequence.wantsState());
    }
    markPrefills(true);
  }

  private void markPrefills(boolean computing) {
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      sequence.generation().prefilling(computing && !sequence.isGenerating());
    }
  }

  private int addTokens(Sequence sequence, int count, boolean output) {
    int first = sequence.cached();
    int index = -1;
    for (int k = 0; k < count; k++) {
      int position = first + k;
      index = decoder.addToBatch(sequence.token(position), position, sequence.id(), output && k == count - 1);
    }
    return index;
  }

  private boolean cancelledPrefill() {
    for (int i = 0; i < plan.size(); i++) {
      EngineGeneration generation = plan.sequence(i).generation();
      if (generation.isPrefilling() && generation.isCancelled()) {
        return true;
      }
    }
    return false;
  }

  private void handOut(long started) {
    suspects.pollFirst();
    decoder.clearSamples();
    int prompts = plan.promptTokens();
    int generating = plan.generating();
    int count = 0;
    int asked = 0;
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      boolean completes = plan.completes(i);
      sequence.computed(plan.count(i));
      prefixes.computed(sequence);
      if (completes && !sequence.wantsState()) {
        if (sequence.processor() == null) {
          decoder.addSample(sequence.sampler(), outputs[i], sequence.topLogprobs());
        } else {
          decoder.addCandidates(sequence.sampler(), outputs[i], sequence.topLogprobs());
          asked++;
        }
        sampled[count++] = sequence;
      }
    }
    if (count > 0) {
      decoder.sample();
    }
    long now = clock.getAsLong();
    budget.measured(generating, prompts, plan.isFilledUp(), now - started);
    // Before a reader hears of the end of its generation, who may look at the counts.
    loop.counters().step(prompts, count - asked + processors.takeChosen());
    for (int i = 0; i < count; i++) {
      if (sampled[i].processor() == null) {
        take(sampled[i], i, now);
      } else if (!processors.ask(sampled[i], i, now)) {
        failSample(sampled[i]);
      }
      sampled[i] = null;
    }
    handOutStates();
    if (asked > 0) {
      processors.await();
    }
  }

  private void handOutStates() {
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      if (sequence.wantsState() && sequence.missing() == 0) {
        sequence.tellState(decoder.save(sequence.id()));
        loop.finish(sequence, FinishReason.LENGTH);
      }
    }
  }

  private void take(Sequence sequence, int sample, long now) {
    if (decoder.sampledToken(sample) < 0) {
      failSample(sequence);
      return;
    }
    sequence.generation().clock().token(now);
    @Nullable FinishReason reason = sink.accept(sequence, sample);
    if (reason != null) {
      loop.finish(sequence, reason);
    } else if (sequence.filledContext()) {
      prefixes.shifted(sequence, sequence.shift());
    }
  }

  private void failSample(Sequence sequence) {
    loop.fail(sequence, Reason.DECODE_FAILED, "Sampling failed: " + decoder.failure());
  }

  /** The youngest sequence gives its cells to the others; one that is alone has filled the cache by itself. */
  private void makeRoom(List<Sequence> active) {
    Sequence youngest = active.getFirst();
    for (Sequence sequence : active) {
      if (sequence.generation().id() > youngest.generation().id()) {
        youngest = sequence;
      }
    }
    if (active.size() > 1) {
      loop.preempt(youngest);
    } else if (youngest.shifts() && youngest.length() > 2) {
      prefixes.shifted(youngest, youngest.shift());
    } else {
      sink.endEarly(youngest);
      loop.finish(youngest, FinishReason.CONTEXT_FULL);
    }
  }

  /** What was generated by now is the answer. */
  void endEarly(Sequence sequence, FinishReason reason) {
    sink.endEarly(sequence);
    loop.finish(sequence, reason);
  }

  /**
   * Part of the batch may be in the cache and part not: take everything of this step out and compute it again. A memory
   * that can't be rewound has perhaps moved the states of sequences outside the batch too, so all are asked.
   */
  private void rollBack(List<Sequence> active) {
    for (Sequence sequence : active) {
      if (!decoder.removeFrom(sequence.id(), sequence.cached())) {
        decoder.remove(sequence.id());
        sequence.forgotten();
      }
    }
    for (Sequence sequence : active) {
      if (sequence.cached() == 0) {
        prefixes.lost(sequence);
      }
    }
  }

  /** llama.cpp failed on this batch. A sequence that was alone in it ends; of several each is tried alone. */
  private void failStep(List<Sequence> active) {
    if (plan.size() == 1) {
      suspects.pollFirst();
      String message = "llama.cpp failed to compute a step: " + decoder.failure();
      loop.fail(plan.sequence(0), Reason.DECODE_FAILED, message);
    } else {
      for (int i = 0; i < plan.size(); i++) {
        suspects.addLast(plan.sequence(i));
      }
    }
    rollBack(active);
  }
}
