package io.panallama.cli.profile;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.cli.profile.JvmLog.Emit;
import io.panallama.cli.profile.JvmLog.Load;
import io.panallama.cli.profile.JvmLog.Sample;
import io.panallama.cli.profile.JvmLog.Span;
import io.panallama.cli.profile.JvmLog.Step;
import io.panallama.cli.profile.JvmLog.Wait;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The rules of the recipe, each on a recording that was made up. */
class SpikeFinderTest {
  private static final long MILLI = 1_000_000;
  private static final String ENGINE = "panallama-engine-1";

  private final JvmLog process = new JvmLog(7);
  private long now = 1_000_000_000L * MILLI;

  /** A hundred steps of 5 ms for two generations, of which one takes 4 ms of decoding and 0.5 ms of sampling. */
  SpikeFinderTest() {
    for (int i = 0; i < 100; i++) {
      step(5 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    }
  }

  private Step step(
      long nanos, int prompts, int promptTokens, long decode, long prefill, long sample, long processors) {
    Step step = new Step(now, nanos, 2, prompts, promptTokens, decode, prefill, sample, processors, ENGINE);
    process.steps.add(step);
    now = step.end();
    return step;
  }

  private List<Spike> find(JvmLog... others) {
    List<JvmLog> all = new ArrayList<>(List.of(process));
    all.addAll(List.of(others));
    return SpikeFinder.find(new FlightLog(all, 0, now));
  }

  private Spike only(JvmLog... others) {
    List<Spike> spikes = find(others);
    assertThat(spikes).hasSize(1);
    return spikes.getFirst();
  }

  @Test
  void usualStepsAreNoSpikes() {
    step(14 * MILLI, 0, 0, 13 * MILLI, 0, MILLI / 2, 0);
    assertThat(find()).isEmpty();
  }

  @Test
  void aPrompt() {
    step(400 * MILLI, 1, 2048, 4 * MILLI, 395 * MILLI, MILLI / 2, 0);
    Spike spike = only();
    assertThat(spike.cause()).isEqualTo(Cause.PROMPT);
    assertThat(spike.kind()).isEqualTo(Spike.Kind.NEXT_TOKEN);
    assertThat(spike.nanos()).isEqualTo(400 * MILLI);
    assertThat(spike.pid()).isEqualTo(7);
    assertThat(spike.detail()).isEqualTo("395.0 ms for 2,048 tokens of 1 prompt beside 2 generations");
  }

  @Test
  void aPromptBesideNobodyIsNoSpike() {
    process.steps.add(new Step(now, 400 * MILLI, 0, 1, 2048, 0, 399 * MILLI, 0, 0, ENGINE));
    assertThat(find()).isEmpty();
  }

  @Test
  void sampling() {
    step(200 * MILLI, 0, 0, 4 * MILLI, 0, 195 * MILLI, 0);
    assertThat(only().cause()).isEqualTo(Cause.SAMPLING);
  }

  @Test
  void processorsInAStep() {
    step(50 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 45 * MILLI);
    assertThat(only().cause()).isEqualTo(Cause.LOGIT_PROCESSOR);
  }

  @Test
  void aChoiceOutsideOfASteps() {
    process.choices.add(new Span(now, 90 * MILLI, "processor", 0, 0, "panallama-processor-N"));
    process.choices.add(new Span(now + 100 * MILLI, 80 * MILLI, "grammar", 0, 0, "panallama-grammar-N"));
    process.choices.add(new Span(now + 200 * MILLI, 2 * MILLI, "processor", 0, 0, "panallama-processor-N"));
    assertThat(find()).extracting(Spike::cause).containsExactly(Cause.LOGIT_PROCESSOR, Cause.GRAMMAR);
  }

  /** The generation was paused, so the engine had nothing to do: one spike and not two. */
  @Test
  void theGapOfAChoiceIsNoSpikeOfItsOwn() {
    process.choices.add(new Span(now, 90 * MILLI, "processor", 0, 0, "panallama-processor-N"));
    now += 90 * MILLI;
    step(5 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.LOGIT_PROCESSOR);
  }

  @Test
  void decodingThatHasTheProcessors() {
    process.loads.add(new Load(now, 0.6, 0.7));
    step(90 * MILLI, 0, 0, 88 * MILLI, 0, MILLI / 2, 0);
    Spike spike = only();
    assertThat(spike.cause()).isEqualTo(Cause.DECODE);
    assertThat(spike.detail()).isEqualTo("88.0 ms of llama_decode for 2 generations, 4.0 ms is usual");
  }

  @Test
  void decodingWhileOtherProgramsCompute() {
    JvmLog worker = new JvmLog(8);
    worker.loads.add(new Load(now, 0.1, 0.98));
    process.loads.add(new Load(now, 0.1, 0.99));
    step(90 * MILLI, 0, 0, 88 * MILLI, 0, MILLI / 2, 0);
    Spike spike = only(worker);
    assertThat(spike.cause()).isEqualTo(Cause.OTHER_PROCESSES);
    assertThat(spike.detail()).endsWith("; 79 % of all processors were taken by other programs");
  }

  @Test
  void theLoadOfAnotherTimeSaysNothing() {
    process.loads.add(new Load(now - 10_000 * MILLI, 0.1, 0.99));
    step(90 * MILLI, 0, 0, 88 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.DECODE);
  }

  @Test
  void decodingWhileOtherThreadsCompute() {
    for (int i = 0; i < 8; i++) {
      process.samples.add(new Sample(now + 10 * i * MILLI, "indexer", List.of("a.B.c"), false));
      process.samples.add(new Sample(now + 10 * i * MILLI, ENGINE, List.of("a.B.c"), false));
    }
    step(90 * MILLI, 0, 0, 88 * MILLI, 0, MILLI / 2, 0);
    Spike spike = only();
    assertThat(spike.cause()).isEqualTo(Cause.OTHER_THREADS);
    assertThat(spike.detail()).endsWith("most of all indexer");
  }

  @Test
  void aPauseOfTheJvm() {
    process.pauses.add(new Span(now + 5 * MILLI, 80 * MILLI, "GC Pause", 0, 0, "VM Thread"));
    step(90 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.GARBAGE);
  }

  @Test
  void evictionsInAStep() {
    process.evictions.add(new Span(now + MILLI, 60 * MILLI, "room", 300, 0, ENGINE));
    process.copies.add(new Span(now + MILLI, 59 * MILLI, "spill to memory", 300, 1 << 20, ENGINE));
    step(70 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.CACHE);
  }

  @Test
  void aRestoreBetweenTwoSteps() {
    process.copies.add(new Span(now, 40 * MILLI, "restore from memory", 300, 1 << 20, ENGINE));
    now += 42 * MILLI;
    step(5 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    Spike spike = only();
    assertThat(spike.cause()).isEqualTo(Cause.CACHE);
    assertThat(spike.nanos()).isEqualTo(42 * MILLI);
  }

  @Test
  void aGapInWhichThereWasNothingToDo() {
    now += 500 * MILLI;
    step(5 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(find()).isEmpty();
  }

  @Test
  void aStepInWhichTheThreadDidNotRun() {
    step(60 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.NOT_RUNNING);
  }

  @Test
  void aLateReader() {
    process.emits.add(new Emit(now, 300 * MILLI, 40, false, "virtual threads"));
    process.emits.add(new Emit(now, 2 * MILLI, 1, false, "virtual threads"));
    Spike spike = only();
    assertThat(spike.kind()).isEqualTo(Spike.Kind.READER);
    assertThat(spike.cause()).isEqualTo(Cause.READER);
    assertThat(spike.start()).isEqualTo(now - 300 * MILLI);
    assertThat(spike.detail()).isEqualTo("40 tokens waited 300.0 ms for virtual threads");
  }

  @Test
  void aReaderThatWantsManyAtOnceIsNotLate() {
    process.emits.add(new Emit(now, 300 * MILLI, 40, true, "virtual threads"));
    assertThat(find()).isEmpty();
  }

  /** The mailbox was full, so the engine had nothing to do. */
  @Test
  void theGapOfALateReaderIsNoSpikeOfItsOwn() {
    process.copies.add(new Span(now, 300 * MILLI, "spill to memory", 300, 1 << 20, ENGINE));
    process.emits.add(new Emit(now + 300 * MILLI, 310 * MILLI, 40, false, "virtual threads"));
    now += 300 * MILLI;
    step(5 * MILLI, 0, 0, 4 * MILLI, 0, MILLI / 2, 0);
    assertThat(only().cause()).isEqualTo(Cause.READER);
  }

  @Test
  void waitsForASlotAndBehindPrompts() {
    process.waits.add(new Wait(now - 100 * MILLI, 200 * MILLI, 12, 0));
    step(14 * MILLI, 1, 64, 4 * MILLI, 9 * MILLI, MILLI / 2, 0);
    process.waits.add(new Wait(now, 13 * MILLI, 34, 0));
    assertThat(find()).extracting(Spike::cause).containsExactly(Cause.SLOTS, Cause.PROMPT);
    assertThat(find()).extracting(Spike::kind).containsOnly(Spike.Kind.FIRST_TOKEN);
    assertThat(find().getLast().detail())
        .isEqualTo("a prompt of 34 tokens waited 13.0 ms; others were computed for 9.0 ms");
  }

  /** What held up the others held up the one that waited. */
  @Test
  void aWaitBehindASlowStep() {
    step(60 * MILLI, 0, 0, 4 * MILLI, 0, 55 * MILLI, 0);
    process.waits.add(new Wait(now, 50 * MILLI, 12, 0));
    assertThat(find()).extracting(Spike::cause).containsExactly(Cause.SAMPLING, Cause.SAMPLING);
    assertThat(find().getLast().detail())
        .isEqualTo("a prompt of 12 tokens waited 50.0 ms; as the others: 55.0 ms of sampling, 0.5 ms is usual");
  }

  @Test
  void aWaitForAnEngineThatDoesNotRun() {
    process.loads.add(new Load(now + 100 * MILLI, 0.1, 0.99));
    now += 100 * MILLI;
    process.waits.add(new Wait(now, 90 * MILLI, 12, 0));
    assertThat(only().cause()).isEqualTo(Cause.OTHER_PROCESSES);
  }

  @Test
  void theLongestComesFirst() {
    step(60 * MILLI, 0, 0, 4 * MILLI, 0, 55 * MILLI, 0);
    step(400 * MILLI, 1, 2048, 4 * MILLI, 395 * MILLI, MILLI / 2, 0);
    process.emits.add(new Emit(now, 300 * MILLI, 40, false, "virtual threads"));
    assertThat(find()).extracting(Spike::cause).containsExactly(Cause.PROMPT, Cause.READER, Cause.SAMPLING);
  }
}
