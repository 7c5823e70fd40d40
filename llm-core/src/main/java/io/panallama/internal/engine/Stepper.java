package io.panallama.internal.engine;

import io.panallama.FinishReason;
import io.panallama.GenerationException.Reason;
import java.util.List;
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

  Stepper(EngineLoop loop, Decoder decoder, PrefixCache prefixes, Pieces pieces, int slots) {
    this.loop = loop;
    this.decoder = decoder;
    this.prefixes = prefixes;
    this.scheduler = new Scheduler(decoder.batchSize());
    this.plan = new StepPlan(slots);
    this.sink = new TokenSink(pieces, decoder);
    this.sampled = new Sequence[slots];
    this.outputs = new int[slots];
  }

  /** Returns false if there was nothing to compute. */
  boolean step(List<Sequence> active) {
    int promptBudget = decoder.batchSize();
    while (true) {
      scheduler.plan(active, promptBudget, plan);
      if (plan.isEmpty()) {
        return false;
      }
      fillBatch();
      // A cancel from before fillBatch marked the prefills did not abort anything: look again before the long call.
      if (loop.isClosing() || cancelledPrefill()) {
        markPrefills(false);
        return true;
      }
      Decoder.Status status = decoder.decode();
      markPrefills(false);
      switch (status) {
        case OK -> {
          handOut();
          return true;
        }
        case NO_ROOM -> {
          // Nothing changed. First goes what finished sequences left, then the prompts get less, down to the generating
          // sequences alone; then somebody has to make room.
          if (prefixes.giveUpOldest()) {
            continue;
          }
          if (plan.promptTokens() > 1 || plan.promptTokens() == 1 && plan.size() > 1) {
            promptBudget = plan.promptTokens() / 2;
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

  private void fillBatch() {
    decoder.clearAbort();
    decoder.clearBatch();
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      sequence.generation().clock().step();
      outputs[i] = addTokens(sequence, plan.count(i), plan.completes(i));
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

  private void handOut() {
    decoder.clearSamples();
    int prompts = plan.promptTokens();
    int count = 0;
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      boolean completes = plan.completes(i);
      sequence.computed(plan.count(i));
      prefixes.computed(sequence);
      if (completes) {
        decoder.addSample(sequence.sampler(), outputs[i], sequence.topLogprobs());
        sampled[count++] = sequence;
      }
    }
    if (count > 0) {
      decoder.sample();
    }
    long now = System.nanoTime();
    for (int i = 0; i < count; i++) {
      take(sampled[i], i, now);
      sampled[i] = null;
    }
    loop.counters().step(prompts, count);
  }

  private void take(Sequence sequence, int sample, long now) {
    if (decoder.sampledToken(sample) < 0) {
      loop.fail(sequence, Reason.DECODE_FAILED, "Sampling failed: " + decoder.failure());
      return;
    }
    sequence.generation().clock().token(now);
    @Nullable FinishReason reason = sink.accept(sequence, sample);
    if (reason != null) {
      loop.finish(sequence, reason);
    }
  }

  /** The youngest sequence gives its cells to the others; one that is alone has filled the cache by itself. */
  private void makeRoom(List<Sequence> active) {
    Sequence youngest = active.getFirst();
    for (Sequence sequence : active) {
      if (sequence.generation().id() > youngest.generation().id()) {
        youngest = sequence;
      }
    }
    if (active.size() == 1) {
      sink.endEarly(youngest);
      loop.finish(youngest, FinishReason.CONTEXT_FULL);
    } else {
      loop.preempt(youngest);
    }
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

  /**
   * llama.cpp failed on this batch, and nothing says because of whom. Every sequence of it ends; those that sat out go on.
   */
  private void failStep(List<Sequence> active) {
    String message = "llama.cpp failed to compute a step: " + decoder.failure();
    for (int i = 0; i < plan.size(); i++) {
      loop.fail(plan.sequence(i), Reason.DECODE_FAILED, message);
    }
    rollBack(active);
  }
}
