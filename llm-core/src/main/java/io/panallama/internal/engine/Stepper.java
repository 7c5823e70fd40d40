package io.panallama.internal.engine;

import io.panallama.error.GenerationException.Reason;
import io.panallama.generation.FinishReason;
import io.panallama.internal.cache.PrefixCache;
import io.panallama.internal.decode.Batch;
import io.panallama.internal.decode.Decoder;
import io.panallama.internal.decode.KvMemory;
import io.panallama.internal.decode.Outputs;
import io.panallama.internal.decode.StateStore;
import io.panallama.internal.flight.StepFlight;
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
  private final PromptScores scores;
  private final GapFiller gaps;
  private final Sequence[] sampled;
  private final int[] rows;
  private final LongSupplier clock;
  private final StepBudget budget;
  private final ProcessorCalls processors;
  private final GrammarCalls grammars;
  private final StepFlight flight = new StepFlight();

  /**
   * Sequences of a batch that failed: one of them is to blame, so each is computed alone until the culprit is known.
   */
  private final Deque<Sequence> suspects = new ArrayDeque<>();

  /** Number of samples of this step that logit processors were asked for. */
  private int asked;

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
    this.budget =
        new StepBudget(batch.capacity(), slots, settings.itlTarget().toNanos(), settings.ttftTarget().toNanos());
    this.scheduler = new Scheduler<>(batch.capacity(), budget);
    this.plan = new StepPlan<>(slots);
    this.sink = new TokenSink(pieces, outputs);
    this.scores = new PromptScores(outputs);
    this.gaps = new GapFiller(batch, memory, prefixes, decoder.sequenceIds());
    this.sampled = new Sequence[slots];
    loop.counters().kvCells(memory.contextSize());
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

  /**
   * Computes a step; returns false if there was nothing to compute.
   *
   * <p>Running generations and prompts are computed by separate calls: in one call, attention over a unified cache
   * reads all cells for each of its tokens with the kernel for large batches, which takes twice as long on a CPU (16
   * sequences of 256 tokens and a chunk of 64, 30M model on Zen 4: 63 ms in one call, 30 in two). The running
   * generations come first, so their readers do not wait for the prompts.
   */
  boolean step(List<Sequence> active) {
    processors.collect();
    grammars.collect();
    long started = clock.getAsLong();
    int paused = 0;
    int cells = 0;
    for (int i = 0; i < active.size(); i++) {
      Sequence sequence = active.get(i);
      sequence.updateBackpressure(started);
      paused += sequence.isPaused() ? 1 : 0;
      cells += sequence.residency().cached() - sequence.residency().borrowedLength();
    }
    loop.counters().occupied(paused, cells, prefixes.retainedCells());
    plan(active, started);
    if (plan.isEmpty()) {
      return false;
    }
    asked = 0;
    flight.begin();
    if (computeGenerating(active, started)) {
      computePrompts(active, started);
    }
    if (asked > 0) {
      flight.callBegins();
      processors.await();
      flight.awaited();
    }
    flight.end(plan.generating(), plan.size() - plan.generating(), plan.promptTokens());
    loop.counters().stepped(clock.getAsLong() - started, plan.generating(), plan.promptTokens());
    return true;
  }

  /** Computes the tokens of the running generations; returns false if the rest of the step must be planned anew. */
  private boolean computeGenerating(List<Sequence> active, long started) {
    int end = plan.generating();
    while (end > 0) {
      long begin = clock.getAsLong();
      fillBatch(active, 0, end, started);
      flight.callBegins();
      Decoder.Status status = decoder.decode();
      flight.decoded();
      gaps.remove();
      switch (status) {
        case OK -> {
          handOut(0, end, begin);
          return true;
        }
        case NO_ROOM -> {
          // The decoder changed nothing. Evict retained prefixes, then preempt.
          if (!prefixes.evictOldest()) {
            makeRoom(active, started);
            return false;
          }
        }
        case ABORTED -> {
          rollBack(active);
          return false;
        }
        case FAILED -> {
          failCall(active, 0, end);
          return false;
        }
      }
    }
    return true;
  }

  private void computePrompts(List<Sequence> active, long started) {
    int first = plan.generating();
    while (plan.size() > first) {
      long begin = clock.getAsLong();
      fillBatch(active, first, plan.size(), started);
      markPrefills(true);
      // A cancellation made before that aborted nothing: check again before the long call.
      if (life.isClosing() || cancelledPrefill()) {
        markPrefills(false);
        return;
      }
      flight.prefillBegins();
      Decoder.Status status = decoder.decode();
      flight.prefilled(plan.size() - first, plan.promptTokens());
      markPrefills(false);
      switch (status) {
        case OK -> {
          handOut(first, plan.size(), begin);
          return;
        }
        case NO_ROOM -> {
          // Evict retained prefixes; then halve this step's prompt tokens, down to none; preempt only where nothing
          // else was computed.
          if (prefixes.evictOldest()) {
            continue;
          }
          if (plan.promptTokens() > 1) {
            plan.limitPrompts(plan.promptTokens() / 2);
          } else {
            if (first == 0) {
              makeRoom(active, started);
            }
            return;
          }
        }
        case ABORTED -> {
          rollBack(active);
          return;
        }
        case FAILED -> {
          failCall(active, first, plan.size());
          return;
        }
      }
    }
  }

  /** Plans one suspect alone, as long as there are any that can be computed; otherwise the scheduler decides. */
  private void plan(List<Sequence> active, long now) {
    while (!suspects.isEmpty()) {
      Sequence suspect = suspects.peekFirst();
      if (active.contains(suspect) && !suspect.isPaused()) {
        scheduler.plan(List.of(suspect), now, plan);
        return;
      }
      suspects.removeFirst();
    }
    scheduler.plan(active, now, plan);
    plan.limitScored(Outputs.PROMPT_ROWS);
  }

  /** Fills the batch with the tokens of a part of the plan. */
  private void fillBatch(List<Sequence> active, int first, int end, long now) {
    decoder.clearAbort();
    batch.clear();
    gaps.clear();
    for (int i = first; i < end; i++) {
      Sequence sequence = plan.sequence(i);
      if (i < plan.generating()) {
        gaps.fillBefore(sequence, active, end - first);
      }
      sequence.clock().step(now);
      sequence.promptBegins();
      rows[i] = addTokens(sequence, plan.count(i), plan.completes(i) && !sequence.endsWithPrompt());
    }
  }

  private void markPrefills(boolean computing) {
    for (int i = plan.generating(); i < plan.size(); i++) {
      plan.sequence(i).generation().prefilling(computing);
    }
  }

  private int addTokens(Sequence sequence, int count, boolean output) {
    int first = sequence.cached();
    int index = -1;
    for (int k = 0; k < count; k++) {
      int position = first + k;
      index =
          batch.addToken(
              sequence.token(position),
              position,
              sequence.residency().id(),
              output && k == count - 1 || sequence.scores().needsOutput(position));
    }
    return index;
  }

  private boolean cancelledPrefill() {
    for (int i = plan.generating(); i < plan.size(); i++) {
      EngineGeneration generation = plan.sequence(i).generation();
      if (generation.isPrefilling() && generation.isCancelled()) {
        return true;
      }
    }
    return false;
  }

  /** Samples and hands out the tokens of a part of the plan that was computed. */
  private void handOut(int first, int end, long begin) {
    suspects.pollFirst();
    outputs.clearSamples();
    int count = 0;
    int candidates = 0;
    for (int i = first; i < end; i++) {
      Sequence sequence = plan.sequence(i);
      boolean completes = plan.completes(i);
      sequence.residency().computed(plan.count(i));
      prefixes.computed(sequence.residency());
      sequence.promptAdvanced();
      if (sequence.scores().isPending() && !score(sequence, rows[i], plan.count(i))) {
        continue;
      }
      if (completes && !sequence.endsWithPrompt()) {
        if (sequence.processor() == null) {
          outputs.addSample(sequence.sampler(), rows[i], sequence.topLogprobs());
        } else {
          outputs.addCandidates(sequence.sampler(), rows[i], sequence.topLogprobs());
          candidates++;
        }
        sampled[count++] = sequence;
      }
    }
    if (count > 0) {
      flight.samplingBegins();
      outputs.sample();
      flight.sampled(count);
    }
    long now = clock.getAsLong();
    boolean hasPrompts = end > plan.generating();
    if (hasPrompts) {
      budget.prefilled(plan.generating(), plan.promptTokens(), plan.longTokens(), now - begin);
    } else {
      budget.generated(plan.generating(), now - begin);
    }
    // Counted before a reader is told of the end of its generation, since it may look at the statistics then.
    loop.counters()
        .computed(first == 0, hasPrompts ? plan.promptTokens() : 0, count - candidates - deferred(count), now - begin);
    for (int i = 0; i < count; i++) {
      if (outputs.isDeferred(i)) {
        grammars.ask(sampled[i], i);
      } else {
        handOut(sampled[i], i, now);
      }
      sampled[i] = null;
    }
    endPrompts(first, end);
    asked += candidates;
  }

  /** Hands out log-probabilities of a prompt; if that fails, so does the sequence. */
  private boolean score(Sequence sequence, int lastRow, int count) {
    boolean scored = scores.take(sequence, lastRow, count);
    if (!scored) {
      String message = "The prompt's log-probabilities can't be computed: " + outputs.promptFailure();
      loop.fail(sequence, Reason.DECODE_FAILED, message);
    }
    return scored;
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
  private void endPrompts(int first, int end) {
    for (int i = first; i < end; i++) {
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
    long gap = sequence.clock().token(now);
    if (gap >= 0) {
      loop.counters().tokenAfter(gap);
    }
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
   * llama.cpp failed on this part of the plan. A sequence that was alone in it fails; if there were several, each
   * becomes a suspect and is tried alone.
   */
  private void failCall(List<Sequence> active, int first, int end) {
    if (end - first == 1) {
      suspects.pollFirst();
      String message = "llama.cpp failed to compute a step: " + decoder.failure();
      loop.fail(plan.sequence(first), Reason.DECODE_FAILED, message);
    } else {
      for (int i = first; i < end; i++) {
        suspects.addLast(plan.sequence(i));
      }
    }
    rollBack(active);
  }
}
