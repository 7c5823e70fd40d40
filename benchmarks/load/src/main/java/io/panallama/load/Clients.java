package io.panallama.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Clients that run at the same time, each on a virtual thread, and the records of their requests. Confined to the thread that
 * runs a row of results, except {@link #send} and {@link #talk}, which any thread may call.
 */
final class Clients implements AutoCloseable {
  /** The delay after a failed request: refusals take no time, and a loop of them would be a flood. */
  static final long PAUSE_AFTER_FAILURE = 100_000_000;

  private final Sender sender;
  private final LoadClock clock;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final List<Future<?>> running = new ArrayList<>();
  private final List<RequestRecord> records = new ArrayList<>();
  private final AtomicInteger requests = new AtomicInteger();

  /** What a client does. */
  interface Work {
    void run() throws InterruptedException;
  }

  Clients(Sender sender, LoadClock clock) {
    this.sender = sender;
    this.clock = clock;
  }

  LoadClock clock() {
    return clock;
  }

  void start(Work work) {
    running.add(
        executor.submit(() -> {
          work.run();
          return null;
        }));
  }

  /** Waits for all clients that were started. */
  void await() throws InterruptedException {
    for (Future<?> client : running) {
      try {
        client.get();
      } catch (ExecutionException failed) {
        throw failed.getCause() instanceof RuntimeException failure
            ? failure
            : new IllegalStateException("A client failed.", failed.getCause());
      }
    }
    running.clear();
  }

  /** The number of the next request. */
  int nextNumber() {
    return requests.getAndIncrement();
  }

  /** Sends a request, waits for its end and keeps its record. */
  RequestRecord send(Turn turn, Sender.Manner manner) throws InterruptedException {
    RequestRecord record = sender.send(turn, manner);
    synchronized (records) {
      records.add(record);
    }
    return record;
  }

  /** Goes through a dialogue; a failure ends it. The first request is meant for {@code intended}, others for the last's end. */
  RequestRecord talk(Dialogue dialogue, String group, long intended) throws InterruptedException {
    RequestRecord last = null;
    Optional<Turn> turn = dialogue.next("");
    while (turn.isPresent()) {
      long begin = last == null ? intended : last.end();
      last = send(turn.get(), new Sender.Manner(nextNumber(), group, begin).keepingText(dialogue.needsAnswers()));
      turn = last.isOk() ? dialogue.next(last.text()) : Optional.empty();
    }
    if (last == null) {
      throw new IllegalStateException("A dialogue has at least one request.");
    }
    return last;
  }

  /** The completed requests so far, in no order. */
  List<RequestRecord> records() {
    synchronized (records) {
      return List.copyOf(records);
    }
  }

  /** Interrupts the clients that still run. */
  @Override
  public void close() {
    executor.shutdownNow();
    executor.close();
  }
}
