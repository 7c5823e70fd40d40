package io.panallama.internal.embed;

import io.panallama.error.EngineBusyException;
import io.panallama.error.InvalidRequestException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The jobs that wait, and whose texts the next batch computes: those of the highest priority; among equals, shares of
 * computed tokens are equal (fair queueing, Demers et al., 1989: a job begins at the present virtual time, which passes by
 * the tokens computed per waiting job), so one text does not wait for ten thousand that came before it, and those not for
 * ever for single ones. Thread-safe.
 */
final class EmbeddingQueue {
  /** A sequence of the next batch. */
  record Row(EmbeddingJob job, EmbeddingJob.Piece piece) {}

  /** Among equals the youngest: one that has just come has waited for the batch before it. */
  private static final Comparator<EmbeddingJob> ORDER =
      Comparator.comparingInt(EmbeddingJob::priority)
          .reversed()
          .thenComparingDouble(EmbeddingJob::turn)
          .thenComparing(Comparator.comparingLong(EmbeddingJob::arrival).reversed());

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
      job.enter(++arrivals, virtualTime);
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
   * @param target the batch is full when it has this many tokens; a longer text is a batch by itself
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
    jobs.sort(ORDER);
    int sharing = jobs.size();
    int room = target;
    for (EmbeddingJob job : List.copyOf(jobs)) {
      int before = room;
      while (into.size() < sequences) {
        // The first text may be longer than the target; there are none that the context can't hold.
        EmbeddingJob.Piece piece = job.take(into.isEmpty() ? Integer.MAX_VALUE : room);
        if (piece == null) {
          break;
        }
        into.add(new Row(job, piece));
        room -= piece.tokens().length;
        waiting--;
      }
      job.serve(before - room);
      virtualTime += (double) (before - room) / sharing;
      if (job.waiting() == 0) {
        jobs.remove(job);
      }
      if (room <= 0 || into.size() == sequences) {
        return;
      }
    }
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
