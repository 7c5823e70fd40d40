package io.panallama.benchmarks;

import io.panallama.Engine;
import io.panallama.FinishReason;
import io.panallama.Generation;
import io.panallama.GenerationEvent;
import io.panallama.GenerationRequest;
import java.util.Arrays;
import java.util.Objects;
import java.util.concurrent.CountDownLatch;
import org.jspecify.annotations.Nullable;

/** A virtual thread that reads a generation as fast as it comes and notes when. */
final class Reader {
  private final long submitted = System.nanoTime();
  private final Generation generation;
  private final Thread thread;
  private final CountDownLatch first = new CountDownLatch(1);
  private long[] arrivals = new long[4096];
  private int count;
  private volatile GenerationEvent.@Nullable Finished end;

  private Reader(Engine engine, GenerationRequest request) {
    this.generation = engine.generate(request);
    this.thread = Thread.ofVirtual().unstarted(this::read);
  }

  /** Submits a request and reads the answer. */
  static Reader start(Engine engine, GenerationRequest request) {
    Reader reader = new Reader(engine, request);
    reader.thread.start();
    return reader;
  }

  private void read() {
    try {
      for (GenerationEvent event : generation) {
        switch (event) {
          case GenerationEvent.Text text -> arrived(System.nanoTime());
          case GenerationEvent.Finished finished -> end = finished;
          case GenerationEvent.Reasoning _,
              GenerationEvent.ToolCallStarted _,
              GenerationEvent.ToolCallArguments _ -> {} // completions have none
        }
      }
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

  /** Cancels the generation and waits until it was read to its end. */
  void stop() throws InterruptedException {
    generation.cancel();
    thread.join();
  }

  /** Whether nothing but {@link #stop} has ended the generation; once it was stopped. */
  boolean wasCancelled() {
    GenerationEvent.Finished finished = end;
    return finished != null && finished.reason() == FinishReason.CANCELLED;
  }

  /** When the first token was generated, in {@link System#nanoTime}; once it was stopped and {@link #wasCancelled}. */
  long firstToken() {
    return submitted + Objects.requireNonNull(end).timings().timeToFirstToken().toNanos();
  }

  /** When events came, in {@link System#nanoTime}; once it was stopped. */
  long[] arrivals() {
    return Arrays.copyOf(arrivals, count);
  }
}
