package io.panallama.internal.engine;

import io.panallama.error.GenerationException.Reason;
import io.panallama.generation.FinishReason;
import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.schedule.Preemption;
import io.panallama.internal.schedule.Scheduler;
import io.panallama.internal.schedule.StepBudget;
import io.panallama.internal.schedule.StepPlan;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.Pieces;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * Computes one step: plans, decodes, samples and publishes the tokens, and recovers when decoding fails. Engine thread
 * only.
 */
final class Stepper {
  private final EngineLoop loop;
  private final Lifecycle life;
  private final Decoder decoder;
  private final Batch batch;
  private final KvMemory memory;
  private final Outputs outputs;
  private final StateStore states;
  private final PrefixCache prefixes;
  private final Scheduler<Sequence> scheduler;
  private final StepPlan<Sequence> plan;
  private final TokenSink sink;
  private final Sequence[] sampled;
  private final int[] rows;
  private final LongSupplier clock;
  private final StepBudget budget;
  private final ProcessorCalls processors;
  private final GrammarCalls grammars;

  /**
   * Sequences of a batch that failed: one of them is to blame, so each is computed alone until the culprit is known.
   */
  private final Deque<Sequence> suspects = new ArrayDeque<>();

  Stepper(
      EngineLoop loop,
      Lifecycle life,
      Decoder decoder,
      PrefixCache prefixes,
      Pieces pieces,
      EngineSettings settings,
      LongSupplier clock) {
    int slots = settings.slots();
    this.loop = loop;
    this.life = life;
    this.decoder = decoder;
    this.batch = decoder.batch();
    this.memory = decoder.memory();
    this.outputs = decoder.outputs();
    this.states = decoder.states();
    this.prefixes = prefixes;
    this.clock = clock;
    this.budget = new StepBudget(batch.capacity(), slots, settings.itlTarget().toNanos());
    this.scheduler = new Scheduler<>(batch.capacity(), budget);
    this.plan = new StepPlan<>(slots);
    this.sink = new TokenSink(pieces, outputs);
    this.sampled = new Sequence[slots];
    this.rows = new int[slots];
    this.processors = new ProcessorCalls(loop, life::wake, outputs, slots, clock, this::take);
    this.grammars = new GrammarCalls(loop, outputs, life::wake, this::handOutDeferred);
  }

  /** Whether a logit processor has answered or a deferred sample is done. */
  boolean hasAnswers() {
    return processors.hasAnswers() || grammars.hasAnswers();
  }

  /** The earliest time at which the answer of a processor is late; a deferred sample ends by itself. */
  long nextAnswerDeadline() {
    return processors.nextDeadline();
  }

  /** Computes a step; returns false if there was nothing to compute. */
  boolean step(List<Sequence> active) {
    processors.collect();
    grammars.collect();
    long started = clock.getAsLong();
    for (int i = 0; i < active.size(); i++) {
      active.get(i).updateBackpressure(started);
    }
    int promptLimit = batch.capacity();
    while (true) {
      plan(active, started, promptLimit);
      if (plan.isEmpty()) {
        return false;
      }
      fillBatch(started);
      // A cancellation made before fillBatch marked the prefills aborted nothing: check again before the long call.
      if (life.isClosing() || cancelledPrefill()) {
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
          // The decoder changed nothing. Evict retained prefixes; then halve this step's prompt tokens, down to none;
          // finally preempt.
          if (prefixes.evictOldest()) {
            continue;
          }
          if (plan.promptTokens() > 1 || plan.promptTokens() == 1 && plan.size() > 1) {
            promptLimit = plan.promptTokens() / 2;
          } else {
            makeRoom(active, started);
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

  /** Plans one suspect alone, as long as there are any that can be computed; otherwise the scheduler decides. */
  private void plan(List<Sequence> active, long now, int promptLimit) {
    while (!suspects.isEmpty()) {
      Sequence suspect = suspects.peekFirst();
      if (active.contains(suspect) && !suspect.isPaused()) {
        scheduler.plan(List.of(suspect), now, promptLimit, plan);
        return;
      }
      suspects.removeFirst();
    }
    scheduler.plan(active, now, promptLimit, plan);
  }

  private void fillBatch(long now) {
    decoder.clearAbort();
    batch.clear();
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      sequence.clock().step(now);
      sequence.promptBegins();
      rows[i] = addTokens(sequence, plan.count(i), plan.completes(i) && !sequence.endsWithPrompt());
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
      index = batch.addToken(sequence.token(position), position, sequence.residency().id(), output && k == count - 1);
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
    outputs.clearSamples();
    int prompts = plan.promptTokens();
    int generating = plan.generating();
    int count = 0;
    int asked = 0;
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      boolean completes = plan.completes(i);
      sequence.residency().computed(plan.count(i));
      prefixes.computed(sequence.residency());
      sequence.promptAdvanced();
      if (completes && !sequence.endsWithPrompt()) {
        if (sequence.processor() == null) {
          outputs.addSample(sequence.sampler(), rows[i], sequence.topLogprobs());
        } else {
          outputs.addCandidates(sequence.sampler(), rows[i], sequence.topLogprobs());
          asked++;
        }
        sampled[count++] = sequence;
      }
    }
    if (count > 0) {
      outputs.sample();
    }
    long now = clock.getAsLong();
    budget.measured(generating, prompts, plan.isFilledUp(), now - started);
    // Counted before a reader is told of the end of its generation, since it may look at the statistics then.
    loop.counters().step(prompts, count - asked - deferred(count));
    for (int i = 0; i < count; i++) {
      if (outputs.isDeferred(i)) {
        grammars.ask(sampled[i], i);
      } else {
        handOut(sampled[i], i, now);
      }
      sampled[i] = null;
    }
    endPrompts();
    if (asked > 0) {
      processors.await();
    }
  }

  /** Processes a sample that is not deferred. */
  private void handOut(Sequence sequence, int sample, long now) {
    if (sequence.processor() == null) {
      take(sequence, sample, now);
    } else if (!processors.ask(sequence, sample, now)) {
      failSample(sequence, sample);
    }
  }

  private void handOutDeferred(Sequence sequence, int sample) {
    handOut(sequence, sample, clock.getAsLong());
  }

  /** The number of deferred samples among the first, without those of a processor, which are not tokens yet anyway. */
  private int deferred(int count) {
    int deferred = 0;
    for (int i = 0; i < count; i++) {
      deferred += outputs.isDeferred(i) && sampled[i].processor() == null ? 1 : 0;
    }
    return deferred;
  }

  /** Ends the sequences whose prompt was all that they wanted. */
  private void endPrompts() {
    for (int i = 0; i < plan.size(); i++) {
      Sequence sequence = plan.sequence(i);
      if (sequence.endsWithPrompt() && sequence.missing() == 0) {
        if (sequence.wantsState()) {
          sequence.tellState(states.save(sequence.residency().id()));
        }
        loop.finish(sequence, FinishReason.LENGTH);
      }
    }
  }

  private void take(Sequence sequence, int sample, long now) {
    if (outputs.sampledToken(sample) < 0) {
      failSample(sequence, sample);
      return;
    }
    sequence.clock().token(now);
    @Nullable FinishReason reason = sink.accept(sequence, sample);
    if (reason != null) {
      loop.finish(sequence, reason);
    } else if (sequence.filledContext()) {
      prefixes.shifted(sequence.residency(), sequence.shift());
    }
  }

  private void failSample(Sequence sequence, int sample) {
    String why = outputs.sampleFailure();
    switch (outputs.failureKind(sample)) {
      case NO_TOKEN_LEFT -> loop.fail(sequence, Reason.NO_TOKEN_LEFT, "No token can come next: " + why + ".");
      case GRAMMAR_LIMIT -> loop.fail(sequence, Reason.GRAMMAR_LIMIT, "The next token took too much: " + why + ".");
      case OTHER -> loop.fail(sequence, Reason.DECODE_FAILED, "Sampling failed: " + why);
    }
  }

  /** Preempts a sequence to make room for the others; a sequence that is alone has filled the cache by itself. */
  private void makeRoom(List<Sequence> active, long now) {
    Sequence victim = Preemption.victim(active, now);
    if (active.size() > 1) {
      loop.preempt(victim);
    } else if (victim.shifts() && victim.length() > 2) {
      prefixes.shifted(victim.residency(), victim.shift());
    } else {
      sink.endEarly(victim);
      loop.finish(victim, FinishReason.CONTEXT_FULL);
    }
  }

  /** Ends a generation early; the tokens generated so far are the answer. */
  void endEarly(Sequence sequence, FinishReason reason) {
    sink.endEarly(sequence);
    loop.finish(sequence, reason);
  }

  /**
   * Part of the batch may be in the cache and part not: all cells of this step are removed, and it is computed again.
   * If the memory can't be rewound, the states of sequences outside the batch may have advanced too, so every active
   * sequence is checked.
   */
  private void rollBack(List<Sequence> active) {
    for (Sequence sequence : active) {
      if (!memory.removeFrom(sequence.residency().id(), sequence.cached())) {
        memory.remove(sequence.residency().id());
        sequence.residency().lost();
      }
    }
    for (Sequence sequence : active) {
      if (sequence.cached() == 0) {
        prefixes.lost(sequence.residency());
      }
    }
  }

  /**
   * llama.cpp failed on this batch. A sequence that was alone in it fails; if there were several, each becomes a
   * suspect and is tried alone.
   */
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
