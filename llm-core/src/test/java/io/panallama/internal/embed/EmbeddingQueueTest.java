package io.panallama.internal.embed;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.embed.EmbeddingQueue.Row;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingQueueTest {
  private static final int TARGET = 100;
  private static final int SEQUENCES = 16;

  private final EmbeddingQueue queue = new EmbeddingQueue(1000);

  private static EmbeddingJob job(int priority, int... lengths) {
    List<List<int[]>> texts = new ArrayList<>();
    for (int length : lengths) {
      texts.add(List.of(new int[length]));
    }
    return new EmbeddingJob(priority, texts);
  }

  private static EmbeddingJob uniform(int count, int length) {
    int[] lengths = new int[count];
    Arrays.fill(lengths, length);
    return job(5, lengths);
  }

  private EmbeddingJob add(EmbeddingJob job) {
    queue.add(job);
    return job;
  }

  private List<Row> take() {
    List<Row> rows = new ArrayList<>();
    assertThat(queue.take(TARGET, SEQUENCES, rows)).isTrue();
    return rows;
  }

  private static int tokens(List<Row> rows) {
    return rows.stream().mapToInt(row -> row.piece().tokens().length).sum();
  }

  @Test
  void aBatchIsFilledWithTextsOfLikeLengthTheLongestFirst() {
    EmbeddingJob job = add(job(5, 10, 40, 12, 38, 11, 39));
    assertThat(take()).extracting(row -> row.piece().tokens().length).containsExactly(40, 39, 12);
    assertThat(take()).extracting(row -> row.piece().tokens().length).containsExactly(38, 11, 10);
    assertThat(queue.take(TARGET, SEQUENCES, new ArrayList<>())).isFalse();
    assertThat(queue.waiting()).isZero();
    assertThat(job.result()).isNotDone();
  }

  @Test
  void aTextThatIsLongerThanABatchIsOneByItself() {
    add(job(5, 500, 1));
    assertThat(tokens(take())).isEqualTo(500);
    assertThat(tokens(take())).isEqualTo(1);
  }

  @Test
  void aBatchHasNoMoreTextsThanSequences() {
    add(uniform(40, 1));
    assertThat(take()).hasSize(SEQUENCES);
    assertThat(take()).hasSize(SEQUENCES);
    assertThat(take()).hasSize(8);
  }

  @Test
  void oneTextDoesNotWaitForManyThatCameBefore() {
    EmbeddingJob many = add(uniform(900, 20));
    take();
    EmbeddingJob one = add(uniform(1, 20));
    assertThat(take()).extracting(Row::job).contains(one);
    assertThat(many.waiting()).isGreaterThan(800);
  }

  @Test
  void jobsOfOnePriorityGetEqualShares() {
    EmbeddingJob first = add(uniform(400, 20));
    take();
    take();
    EmbeddingJob second = add(uniform(400, 20));
    int before = first.waiting();
    for (int i = 0; i < 20; i++) {
      take();
    }
    int ofFirst = before - first.waiting();
    int ofSecond = 400 - second.waiting();
    // The second is ahead by its head start, 512 tokens, and a text.
    assertThat(ofSecond - ofFirst).isBetween(0, 512 / 20 + 1);
    assertThat(first.turn()).isCloseTo(second.turn(), within(20.0));
  }

  @Test
  void manyShortJobsDoNotKeepAnotherFromItsTurn() {
    EmbeddingJob big = add(uniform(100, 100));
    int served = 0;
    for (int i = 0; i < 25; i++) {
      EmbeddingJob shortJob = add(uniform(1, 100));
      List<EmbeddingJob> next = List.of(take().getFirst().job(), take().getFirst().job());
      assertThat(next).as("both have their turn").contains(shortJob);
      served += next.contains(big) ? 1 : 0;
    }
    assertThat(served).isEqualTo(25);
  }

  @Test
  void aHigherPriorityGoesFirst() {
    add(uniform(100, 20));
    EmbeddingJob urgent = add(job(9, 30, 30));
    assertThat(take()).extracting(Row::job).startsWith(urgent, urgent).doesNotContainNull();
  }

  @Test
  void aRemovedJobIsNotComputed() {
    EmbeddingJob job = add(uniform(100, 20));
    take();
    queue.remove(job);
    queue.remove(job);
    assertThat(queue.waiting()).isZero();
    assertThat(queue.take(TARGET, SEQUENCES, new ArrayList<>())).isFalse();
  }

  @Test
  void aFullQueueRefusesAndTakesAgainLater() {
    add(uniform(1000, 20));
    assertThatThrownBy(() -> queue.add(uniform(1, 20)))
        .isInstanceOf(EngineBusyException.class)
        .hasMessageContaining("1000 texts are waiting already");
    assertThat(take()).hasSize(5);
    add(uniform(5, 20));
  }

  @Test
  void aJobThatCanNeverFitIsTheCallersFault() {
    assertThatThrownBy(() -> queue.add(uniform(1001, 1)))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("texts has 1001 texts or parts of texts; at most 1000 are taken at once.");
  }

  @Test
  void aClosedQueueTellsThoseWhoWait() {
    EmbeddingJob job = add(uniform(2, 20));
    List<EmbeddingJob> unserved = new ArrayList<>();
    queue.close(new EngineClosedException(), unserved::add);
    assertThat(unserved).containsExactly(job);
    assertThatThrownBy(() -> queue.add(uniform(1, 1))).isInstanceOf(EngineClosedException.class);
  }

  @Test
  void aJobWithoutTextsIsDone() {
    assertThat(new EmbeddingJob(5, List.of()).result()).isCompletedWithValueMatching(vectors -> vectors.length == 0);
  }

  @Test
  void thePartsOfATextAreWeightedByTheirTokens() {
    EmbeddingJob job = new EmbeddingJob(5, List.of(List.of(new int[30], new int[10])));
    EmbeddingJob.Piece longer = job.take(100);
    EmbeddingJob.Piece shorter = job.take(100);
    job.add(shorter, new float[] {4, 0});
    assertThat(job.result()).isNotDone();
    job.add(longer, new float[] {0, 8});
    assertThat(job.result().join()[0]).containsExactly(1, 6);
  }
}
