package io.panallama.benchmarks;

import io.panallama.FinishReason;
import io.panallama.Generation;
import io.panallama.GenerationEvent;
import java.util.Arrays;
import java.util.concurrent.CountDownLatch;

/** A virtual thread that reads a generation as fast as it comes and notes when. */
final class Reader {
  private final Generation generation;
  private final Thread thread;
  private final CountDownLatch first = new CountDownLatch(1);
  private long[] arrivals = new long[4096];
  private int count;
  private volatile boolean ended;

  private Reader(Generation generation) {
    this.generation = generation;
    this.thread = Thread.ofVirtual().unstarted(this::read);
  }

  static Reader start(Generation generation) {
    Reader reader = new Reader(generation);
    reader.thread.start();
    return reader;
  }

  private void read() {
    try {
      for (GenerationEvent event : generation) {
        if (event instanceof GenerationEvent.Text) {
          arrived(System.nanoTime());
        } else if (event instanceof GenerationEvent.Finished end && end.reason() != FinishReason.CANCELLED) {
          ended = true;
        }
      }
    } catch (RuntimeException failed) {
      ended = true;
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
  void awaitFirst() throws InterruptedException {
    first.await();
  }

  /** Whether the generation has neither ended nor failed by itself. */
  boolean isRunning() {
    return !ended;
  }

  /** Cancels the generation and waits until it was read to its end. */
  void stop() throws InterruptedException {
    generation.cancel();
    thread.join();
  }

  /** When events came, in {@link System#nanoTime}; once it was stopped. */
  long[] arrivals() {
    return Arrays.copyOf(arrivals, count);
  }
}
