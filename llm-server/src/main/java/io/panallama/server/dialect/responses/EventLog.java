package io.panallama.server.dialect.responses;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.FrameSource;
import io.panallama.server.dialect.Frames;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * The events of a response that is made without its client, for clients that come and go. The position of an event is its sequence
 * number. The oldest events leave if there are too many of them.
 *
 * <p>One thread writes; safe for any number of readers.
 */
final class EventLog implements Frames {
  private final long maxBytes;
  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Deque<FrameSource.Frame> events = new ArrayDeque<>();

  /** The sequence number of the first event that is kept. */
  private int first;

  private long bytes;
  private boolean ended;

  /**
   * A log without events.
   *
   * @param maxBytes the most bytes of the data of all events together
   */
  EventLog(long maxBytes) {
    this.maxBytes = maxBytes;
  }

  @Override
  public void data(byte[]... parts) {
    ByteArrayOutputStream whole = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      whole.writeBytes(part);
    }
    event("message", whole.toByteArray());
  }

  @Override
  public void event(String type, byte[] data) {
    lock.lock();
    try {
      events.add(new FrameSource.Frame(type, data));
      bytes += data.length;
      while (bytes > maxBytes && events.size() > 1) {
        bytes -= events.remove().data().length;
        first++;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Says that there will be no more events. */
  void end() {
    lock.lock();
    try {
      ended = true;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** The size of what is kept. */
  long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /**
   * The events behind one.
   *
   * @param sequenceNumber that of the last event that the reader has; -1 for none
   * @throws ApiException if the next one is not kept any more
   */
  FrameSource after(int sequenceNumber) {
    lock.lock();
    try {
      requireKept(sequenceNumber + 1);
    } finally {
      lock.unlock();
    }
    return new Reader(sequenceNumber + 1);
  }

  private void requireKept(int next) {
    if (next < first) {
      throw ApiException.invalid(
          "starting_after",
          "The events before number " + first + " are not kept any more; retrieve the response without stream.");
    }
  }

  private final class Reader implements FrameSource {
    /** Events that were taken at once, which is cheaper than finding each by its number. */
    private final Deque<Frame> taken = new ArrayDeque<>();

    private int next;
    private boolean done;

    Reader(int next) {
      this.next = next;
    }

    @Override
    public Optional<Frame> next(Duration timeout) throws InterruptedException {
      if (taken.isEmpty()) {
        take(timeout.toNanos());
      }
      return Optional.ofNullable(taken.poll());
    }

    private void take(long patience) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        long left = patience;
        while (first + events.size() <= next && !ended && left > 0) {
          left = changed.awaitNanos(left);
        }
        requireKept(next);
        List<Frame> all = new ArrayList<>(events);
        int from = Math.min(next - first, all.size());
        taken.addAll(all.subList(from, all.size()));
        next += taken.size();
        done = ended;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean isDone() {
      return done && taken.isEmpty();
    }
  }
}
