package io.panallama.internal.embed;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.internal.embed.EmbeddingQueue.Row;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** How long a query waits beside batches, counted in tokens that are computed before its answer. */
class EmbeddingWaitTest {
  private static final int TARGET = 512;
  private static final int SEQUENCES = 64;
  private static final int QUERY = 8;

  private final EmbeddingQueue queue = new EmbeddingQueue(1_000_000);
  private final List<Row> step = new ArrayList<>();

  /** Tokens computed so far. */
  private long computed;

  private static EmbeddingJob job(int count, int length) {
    List<List<int[]>> texts = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      texts.add(List.of(new int[length]));
    }
    return new EmbeddingJob(5, texts);
  }

  private EmbeddingJob add(EmbeddingJob job) {
    queue.add(job);
    return job;
  }

  /** Computes a step. */
  private boolean step() {
    if (!queue.take(TARGET, SEQUENCES, step)) {
      return false;
    }
    computed += step.stream().mapToInt(row -> row.piece().tokens().length).sum();
    step.forEach(row -> row.job().add(row.piece(), new float[1]));
    return true;
  }

  /** The tokens that are computed between a query, which comes when a step begins, and its answer. */
  private long tokensBeforeAnswer(EmbeddingJob query) {
    long before = computed;
    add(query);
    while (!query.result().isDone()) {
      assertThat(step()).isTrue();
    }
    return computed - before;
  }

  @ParameterizedTest
  @CsvSource({"1, 20", "1, 128", "1, 490", "4, 20", "4, 490", "16, 20", "16, 490"})
  void aQueryIsInTheVeryNextStepWhichIsShort(int batches, int length) {
    for (int i = 0; i < batches; i++) {
      add(job(5000, length));
      step();
    }
    Random random = new Random(3);
    for (int i = 0; i < 200; i++) {
      for (int steps = random.nextInt(4); steps > 0; steps--) {
        step();
      }
      assertThat(tokensBeforeAnswer(job(1, QUERY))).isLessThanOrEqualTo(EmbeddingQueue.SHARED_TOKENS);
    }
  }

  @Test
  void queriesThatComeTogetherShareTheNextStep() {
    add(job(5000, 20));
    step();
    List<EmbeddingJob> queries = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      queries.add(add(job(1, QUERY)));
    }
    step();
    assertThat(queries).allMatch(query -> query.result().isDone());
  }

  @Test
  void aBatchThatComesDoesNotKeepAQueryWaiting() {
    add(job(5000, 20));
    step();
    add(job(64, 30));
    assertThat(tokensBeforeAnswer(job(1, QUERY))).isLessThanOrEqualTo(EmbeddingQueue.SHARED_TOKENS);
  }

  @ParameterizedTest
  @ValueSource(ints = {QUERY, 100, 490})
  void aBatchGoesOnBesideQueriesThatNeverEnd(int length) {
    EmbeddingJob batch = add(job(100_000, 20));
    step();
    int before = batch.waiting();
    long begin = computed;
    for (int i = 0; i < 1000; i++) {
      tokensBeforeAnswer(job(1, length));
    }
    long own = (before - batch.waiting()) * 20L;
    // Half of what is computed, but for the head start of those that come, and one text.
    assertThat(own).isGreaterThanOrEqualTo((computed - begin) / 2 - 512 - length);
  }

  @Test
  void aBatchAloneHasLongSteps() {
    add(job(5000, 20));
    step();
    assertThat(computed).isEqualTo(TARGET / 20 * 20);
  }
}
