package io.panallama.internal.embed;

import io.panallama.error.EngineBusyException;
import io.panallama.error.InvalidRequestException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The jobs that wait, and whose texts the next batch computes: those of the highest priority; among equals, shares of
 * computed tokens are equal (fair queueing, Demers et al., 1989: a job begins at the present virtual time, which passes by
 * the tokens computed per waiting job), so one text does not wait for ten thousand that came before it, and those not for
 * ever for single ones. Thread-safe.
 *
 * <p>A text that comes waits for the batch that is being computed then, and for its own, which is short if other jobs have
 * texts in it. To be in the very next one, a job begins ahead of those that wait. This head start is limited, so jobs that
 * come all the time can't keep another from its turn: it falls behind by as much, and has an equal share from then on.
 */
final class EmbeddingQueue {
  /** A sequence of the next batch. */
  record Row(EmbeddingJob job, EmbeddingJob.Piece piece) {}

  /** Among equals the one that is done soonest. */
  private static final Comparator<EmbeddingJob> ORDER =
      Comparator.comparingInt(EmbeddingJob::priority)
          .reversed()
          .thenComparingDouble(EmbeddingJob::turn)
          .thenComparingLong(EmbeddingJob::waitingTokens)
          .thenComparingLong(EmbeddingJob::arrival);

  /**
   * The most tokens of a batch with texts of several jobs. Each of them waits until the whole batch is computed, which for
   * MiniLM takes some 10 ms then.
   */
  static final int SHARED_TOKENS = 128;

  /**
   * How many tokens a job that comes is ahead of those that wait. As long as their texts are no longer, none of them is so
   * far behind that it would go first.
   */
  private static final int HEAD_START = 512;

  private final int limit;
  private final ReentrantLock lock = new ReentrantLock();

  // Guarded by the lock.
  private final List<EmbeddingJob> jobs = new ArrayList<>();
  private int waiting;
  private double virtualTime;
  private long arrivals;
  private @Nullable RuntimeException closed;

  /**
   * @param limit how many texts may wait
   */
  EmbeddingQueue(int limit) {
    this.limit = limit;
  }

  /**
   * Adds a job.
   *
   * @throws InvalidRequestException if it has more texts than may ever wait
   * @throws EngineBusyException if too many texts would wait
   * @throws RuntimeException the reason, if the queue is closed
   */
  void add(EmbeddingJob job) {
    lock.lock();
    try {
      if (closed != null) {
        throw closed;
      }
      if (job.waiting() > limit) {
        throw new InvalidRequestException(
            "texts",
            InvalidRequestException.name("texts")
                + " has "
                + job.waiting()
                + " texts or parts of texts; at most "
                + limit
                + " are taken at once.");
      }
      if (job.waiting() > limit - waiting) {
        throw EngineBusyException.embedding(waiting, limit, Duration.ofSeconds(1));
      }
      job.enter(++arrivals, virtualTime - HEAD_START);
      jobs.add(job);
      waiting += job.waiting();
    } finally {
      lock.unlock();
    }
  }

  /** Removes what no batch has taken yet of a job. */
  void remove(EmbeddingJob job) {
    lock.lock();
    try {
      if (jobs.remove(job)) {
        waiting -= job.waiting();
      }
    } finally {
      lock.unlock();
    }
  }

  /** How many texts wait. */
  int waiting() {
    lock.lock();
    try {
      return waiting;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Fills a batch.
   *
   * @param target the batch is full when it has this many tokens, or {@link #SHARED_TOKENS} if several jobs wait; a longer
   *     text is a batch by itself
   * @param sequences how many texts it may have
   * @param into gets the texts; emptied before
   * @return false if none waits
   */
  boolean take(int target, int sequences, List<Row> into) {
    into.clear();
    lock.lock();
    try {
      if (jobs.isEmpty()) {
        return false;
      }
      fill(target, sequences, into);
      return true;
    } finally {
      lock.unlock();
    }
  }

  private void fill(int target, int sequences, List<Row> into) {
    int sharing = jobs.size();
    int room = sharing == 1 ? target : Math.min(target, SHARED_TOKENS);
    int served = 0;
    PriorityQueue<EmbeddingJob> turns = new PriorityQueue<>(sharing, ORDER);
    turns.addAll(jobs);
    while (!turns.isEmpty() && into.size() < sequences) {
      EmbeddingJob job = turns.remove();
      // The first text may be longer than the target; there are none that the context can't hold.
      EmbeddingJob.Piece piece = job.take(into.isEmpty() ? Integer.MAX_VALUE : room - served);
      if (piece != null) {
        into.add(new Row(job, piece));
        served += piece.tokens().length;
        waiting--;
        turns.add(job);
      }
    }
    virtualTime += (double) served / sharing;
    boolean left = jobs.removeIf(job -> job.waiting() == 0);
    if (!left) {
      forgive();
    }
  }

  /**
   * Once jobs share among themselves again, what others had that came and went meanwhile is no debt any more. Otherwise many
   * single texts, each of which has left before the batches could make up for it, would use up the head start of later ones.
   */
  private void forgive() {
    double latest = Double.NEGATIVE_INFINITY;
    for (EmbeddingJob job : jobs) {
      if (!job.isBegun()) {
        return;
      }
      latest = Math.max(latest, job.turn());
    }
    virtualTime = Math.min(virtualTime, latest);
  }

  /**
   * Refuses further jobs.
   *
   * @param reason what they get
   * @param unserved gets each job that waits
   */
  void close(RuntimeException reason, Consumer<EmbeddingJob> unserved) {
    List<EmbeddingJob> left;
    lock.lock();
    try {
      closed = reason;
      left = List.copyOf(jobs);
      jobs.clear();
      waiting = 0;
    } finally {
      lock.unlock();
    }
    left.forEach(unserved);
  }
}
