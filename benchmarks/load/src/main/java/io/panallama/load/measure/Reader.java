package io.panallama.load.measure;

import io.panallama.TextGenerator;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.GenerationRequest;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/**
 * A virtual thread that reads a generation as fast as it arrives and records the times.
 *
 * <p>The records are complete once {@link #join} or {@link #stop} has returned.
 */
public final class Reader {
  private final long submitted = System.nanoTime();
  private final Generation generation;
  private final long accepted;
  private final Thread thread;
  private final CountDownLatch first = new CountDownLatch(1);
  private long[] arrivals = new long[4096];
  private int count;
  private volatile GenerationEvent.@Nullable Finished end;
  private volatile @Nullable GenerationException failure;

  private Reader(TextGenerator engine, GenerationRequest request) {
    this.generation = engine.generate(request);
    this.accepted = System.nanoTime();
    this.thread = Thread.ofVirtual().unstarted(this::read);
  }

  /** Submits a request and reads the answer. */
  public static Reader start(TextGenerator engine, GenerationRequest request) {
    Reader reader = new Reader(engine, request);
    reader.thread.start();
    return reader;
  }

  private void read() {
    try {
      for (GenerationEvent event : generation) {
        switch (event) {
          case GenerationEvent.Finished finished -> end = finished;
          default -> arrived(System.nanoTime());
        }
      }
    } catch (GenerationException failed) {
      failure = failed;
    } finally {
      first.countDown();
    }
  }

  private void arrived(long now) {
    if (count == arrivals.length) {
      arrivals = Arrays.copyOf(arrivals, 2 * count);
    }
    arrivals[count++] = now;
    if (count == 1) {
      first.countDown();
    }
  }

  /** Waits for the first token. */
  public void awaitFirst() throws InterruptedException {
    first.await();
  }

  /** Waits until the generation was read to its end. */
  public void join() throws InterruptedException {
    thread.join();
  }

  /** Cancels the generation and waits until it was read to its end. */
  public void stop() throws InterruptedException {
    generation.cancel();
    thread.join();
  }

  /** Whether only {@link #stop} has ended the generation. */
  public boolean wasCancelled() {
    GenerationEvent.Finished finished = end;
    return finished != null && finished.reason() == FinishReason.CANCELLED;
  }

  /** The time of submission, in {@link System#nanoTime}. */
  public long submitted() {
    return submitted;
  }

  /**
   * How the generation ended.
   *
   * @throws GenerationException if it failed
   * @throws IllegalStateException if it has not ended
   */
  public GenerationEvent.Finished end() {
    GenerationException failed = failure;
    if (failed != null) {
      throw failed;
    }
    GenerationEvent.Finished finished = end;
    if (finished == null) {
      throw new IllegalStateException("the generation has not ended");
    }
    return finished;
  }

  /**
   * The time at which the first token was generated, in {@link System#nanoTime}; earlier by at most the time that submitting
   * took.
   *
   * @throws GenerationException if it failed
   */
  public long firstToken() {
    return submitted + end().timings().timeToFirstToken().toNanos();
  }

  /**
   * The time at which the last token was generated, in {@link System#nanoTime}; later by at most the time that submitting took.
   *
   * @throws GenerationException if it failed
   */
  public long lastToken() {
    return accepted + end().timings().total().toNanos();
  }

  /**
   * The time at which the first event arrived, in {@link System#nanoTime}.
   *
   * @throws IllegalStateException if none has
   */
  public long firstArrival() {
    if (count == 0) {
      throw new IllegalStateException("no event has arrived");
    }
    return arrivals[0];
  }

  /** The times at which events arrived, in {@link System#nanoTime}. */
  public long[] arrivals() {
    return Arrays.copyOf(arrivals, count);
  }
}
