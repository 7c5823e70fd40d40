package io.panallama.internal.engine;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.Generation;
import io.panallama.internal.engine.FakeDecoder.FakeSampler;
import io.panallama.observe.Distribution;
import io.panallama.observe.EngineDetail;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** What an engine tells of its steps and of its KV cache. */
@Timeout(60)
class EngineDetailTest {
  private static final int VOCABULARY = 200;
  private static final int CELLS = 2000;
  private static final int BATCH = 64;

  private static EngineFront start() {
    return EngineFront.start(
        new EngineSettings("test-engine", 2, 1000, 8),
        FakeDecoder.letters(VOCABULARY),
        () -> new FakeDecoder(BATCH, CELLS, 1000, VOCABULARY, 8));
  }

  private static Generation submit(EngineFront engine, int seed, int prompt, int count) {
    GenerationOptions options = GenerationOptions.builder().maxTokens(count).build();
    int[] tokens = new Random(seed).ints(prompt, 0, VOCABULARY).toArray();
    return engine.submit(tokens, options, List.of(), new FakeSampler(), null);
  }

  /** A step is counted after its readers have their tokens. */
  private static EngineDetail until(EngineFront engine, Predicate<EngineDetail> condition) {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    EngineDetail detail = engine.stats().detail();
    while (!condition.test(detail)) {
      assertThat(System.nanoTime()).as(detail.toString()).isLessThan(deadline);
      Thread.onSpinWait();
      detail = engine.stats().detail();
    }
    return detail;
  }

  @Test
  void stepsAreCountedByWhatTheyComputed() {
    try (EngineFront engine = start()) {
      submit(engine, 1, 100, 5).await();
      EngineDetail detail = until(engine, now -> now.stepTokens().count() == 6);
      assertThat(detail.stepNanos().count()).isEqualTo(6);
      assertThat(detail.stepTokens().sum()).isEqualTo(100 + 4);
      assertThat(detail.prefillTokens().count()).isEqualTo(2);
      assertThat(detail.prefillTokens().sum()).isEqualTo(100);
      assertThat(detail.prefillTokens().count(bucketOf(detail.prefillTokens(), BATCH))).isEqualTo(2);
      assertThat(detail.stepSequences().count()).isEqualTo(4);
      assertThat(detail.stepSequences().count(0)).isEqualTo(4);
      assertThat(detail.tokenGapNanos().count()).isEqualTo(4);
      assertThat(detail.tokenGapNanos().sum()).isPositive();
    }
  }

  private static int bucketOf(Distribution values, long value) {
    int bucket = 0;
    while (bucket < values.buckets() && values.bound(bucket) < value) {
      bucket++;
    }
    return bucket;
  }

  @Test
  void cellsAreCountedWhileTheyAreUsedAndRetained() {
    try (EngineFront engine = start()) {
      assertThat(engine.stats().detail().kvCells()).isEqualTo(CELLS);
      assertThat(engine.stats().detail().kvCellsUsed()).isZero();
      submit(engine, 1, 100, 5).await();
      EngineDetail retained = until(engine, now -> now.kvCellsRetained() > 0);
      // The last token was chosen and never computed.
      assertThat(retained.kvCellsRetained()).isEqualTo(104);
      assertThat(retained.kvCellsUsed()).isEqualTo(104);
    }
  }

  @Test
  void aGenerationWhoseReaderIsBehindIsPaused() throws Exception {
    try (EngineFront engine = start();
        Generation slow = submit(engine, 1, 10, 100)) {
      EngineDetail paused = until(engine, now -> now.paused() == 1);
      assertThat(paused.kvCellsUsed()).isGreaterThan(10);
      slow.await();
      until(engine, now -> now.paused() == 0);
    }
  }
}
