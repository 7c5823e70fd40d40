package io.panallama.server.resume;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.FrameSource;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.Framing;
import io.panallama.server.keys.KeyIdentity;
import java.io.ByteArrayOutputStream;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * The events of an answer, for a client whose connection may drop and be replaced. Events are numbered from 0.
 *
 * <p>One client reads at a time: a new reader takes over from the one before, which ends. Events stay after they were sent, since a
 * client may not have received them; when the buffer is full, the oldest of those go. An event that was not sent stays until it is: when
 * events that were not sent take half of the buffer, the writer waits, and with it the generation. So a client that comes back finds
 * whatever was sent last, at least half a buffer of it, and all that came after.
 *
 * <p>One thread writes; everything else is safe for any thread.
 */
public final class ResumableStream implements Frames {
  /** The header of an answer that has the stream's id. */
  public static final String ID_HEADER = "Panallama-Stream-Id";

  /** About what an event takes besides its data. */
  private static final long OVERHEAD = 96;

  private final ResumableStreams streams;
  private final String id;
  private final KeyIdentity owner;
  private final Dialect dialect;
  private final Framing framing;
  private final long patience;
  private final Runnable cancel;

  /** Guards all that follows. */
  private final ReentrantLock lock;

  /** There are more events, or the reader has changed. */
  private final Condition changed;

  /** The oldest event that is kept; null if none is. */
  private @Nullable Event oldest;

  /** The newest event, kept or not; null before the first. */
  private @Nullable Event newest;

  /** How many events there have been: the number of the next one. */
  private long count;

  /** How many of them have been sent. */
  private long sent;

  /** The bytes of those that are kept, and of those that were not sent. */
  private long bytes;

  private long unsent;

  private @Nullable Reader current;
  private boolean everRead;

  /** {@link System#nanoTime} since when there is neither a client nor anything new: see {@link #nanosLeft}. */
  private long idleSince;

  private boolean released;
  private boolean cancelled;
  private boolean ended;

  /** Whether nothing is missing of a stream that has ended. */
  private boolean whole;

  ResumableStream(
      ResumableStreams streams,
      String id,
      KeyIdentity owner,
      Dialect dialect,
      Framing framing,
      Duration time,
      Runnable cancel) {
    this.streams = streams;
    this.id = id;
    this.owner = owner;
    this.dialect = dialect;
    this.framing = framing;
    this.patience = time.toNanos();
    this.cancel = cancel;
    this.lock = streams.lock();
    this.changed = lock.newCondition();
    this.idleSince = streams.now();
  }

  private static final class Event {
    private final long number;
    private final @Nullable String type;
    private final byte[] data;
    private @Nullable Event next;

    Event(long number, @Nullable String type, byte[] data) {
      this.number = number;
      this.type = type;
      this.data = data;
    }

    long size() {
      return data.length + OVERHEAD;
    }
  }

  /** The id, by which clients find the stream. It can't be guessed. */
  public String id() {
    return id;
  }

  /** Who alone may continue the stream. */
  KeyIdentity owner() {
    return owner;
  }

  /** In whose shape errors about the stream are written. */
  public Dialect dialect() {
    return dialect;
  }

  /** How the events are delimited. */
  public Framing framing() {
    return framing;
  }

  @Override
  public void data(byte[]... parts) {
    ByteArrayOutputStream joined = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      joined.writeBytes(part);
    }
    append(null, joined.toByteArray());
  }

  @Override
  public void event(String type, byte[] data) {
    append(type, data.clone());
  }

  private void append(@Nullable String type, byte[] data) {
    lock.lock();
    try {
      Event event = new Event(count, type, data);
      while (!hasRoom(event.size())) {
        streams.room().awaitUninterruptibly();
      }
      if (newest != null) {
        newest.next = event;
      }
      newest = event;
      if (oldest == null) {
        oldest = event;
      }
      count++;
      unsent += event.size();
      keep(event.size());
      if (current != null && current.upcoming == null) {
        current.upcoming = event;
      }
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private void keep(long more) {
    bytes += more;
    if (!released) {
      streams.count(more);
    }
  }

  /** Whether an event may be added now. A client that has everything always gets the next one. */
  private boolean hasRoom(long size) {
    if (cancelled) {
      return true;
    }
    long most = streams.limits().streamBytes();
    if (unsent > 0 && unsent + size > most / 2) {
      return false;
    }
    boolean dropped = true;
    while (dropped && bytes + size > most) {
      dropped = dropOldest();
    }
    boolean awaited = current != null && unsent == 0;
    return streams.makeRoom(this, size) || awaited;
  }

  /** Drops the oldest event if it was sent; says whether it did. Under the lock. */
  boolean dropOldest() {
    Event first = oldest;
    if (first == null || first.number >= sent) {
      return false;
    }
    oldest = first.next;
    keep(-first.size());
    return true;
  }

  /**
   * Says that there are no more events.
   *
   * @param complete whether nothing is missing, so that the client may take the end for the end of the answer
   */
  public void end(boolean complete) {
    lock.lock();
    try {
      ended = true;
      whole = complete;
      if (current == null) {
        idleSince = streams.now();
      }
      changed.signalAll();
      streams.deadlineChanged();
    } finally {
      lock.unlock();
    }
  }

  /** Waits until the client that is reading has been sent everything; not if none is reading, or the stream was cancelled. */
  public void awaitSent() {
    lock.lock();
    try {
      while (current != null && unsent > 0 && !cancelled) {
        changed.awaitUninterruptibly();
      }
    } finally {
      lock.unlock();
    }
  }

  /** Ends the generation unless it has ended. The writer does not wait any more. Does not block; repeating it is harmless. */
  public void cancel() {
    boolean running;
    lock.lock();
    try {
      running = !ended;
      cancelled = true;
      streams.room().signalAll();
      changed.signalAll();
    } finally {
      lock.unlock();
    }
    if (running) {
      cancel.run();
    }
  }

  /** Reads from the first event, for the client that began the stream. */
  public FrameSource begin() {
    Reader reader = new Reader(0);
    lock.lock();
    try {
      reader.attach();
    } finally {
      lock.unlock();
    }
    return reader;
  }

  /**
   * Reads the events behind one, as soon as the first of them is asked for; then the reader before this one ends.
   *
   * @param number that of the last event that the client has; -1 for none
   * @throws ApiException with 410 if the next one is not kept any more, with 400 if there has been none of this number
   */
  public FrameSource after(long number) {
    lock.lock();
    try {
      requireKept(number + 1);
      if (number >= count) {
        throw ApiException.invalid(
            "Last-Event-ID",
            "The stream has had no event "
                + number
                + " yet; "
                + (count == 0 ? "it has had none." : "the last one has the number " + (count - 1) + "."));
      }
    } finally {
      lock.unlock();
    }
    return new Reader(number + 1);
  }

  private void requireKept(long next) {
    long first = oldest == null ? count : oldest.number;
    if (next < first) {
      throw ApiException.invalid(
          410,
          "Last-Event-ID",
          "events_not_kept",
          "The events before number "
              + first
              + " are not kept any more, so the stream can't go on behind number "
              + (next - 1)
              + "; send the request again.");
    }
  }

  /** Whether the stream has ended, whole, with the event of this number, so that there is nothing to continue. */
  public boolean endsWith(long number) {
    lock.lock();
    try {
      return ended && whole && number == count - 1;
    } finally {
      lock.unlock();
    }
  }

  /** Whether it is being generated without a client. Under the lock. */
  boolean isDetached() {
    return current == null && !ended;
  }

  /** Whether it has ended, and its client has been sent everything and has left. Under the lock. */
  boolean isSpent() {
    return ended && current == null && unsent == 0;
  }

  /** How long it is kept yet if no client comes, from when the last one left or, if that is later, it ended. Under the lock. */
  long nanosLeft(long now) {
    return current == null ? patience - (now - idleSince) : Long.MAX_VALUE;
  }

  /** Lets its bytes no longer count: it is forgotten. A reader may still read it to its end. Under the lock. */
  long release() {
    released = true;
    return bytes;
  }

  private final class Reader implements FrameSource {
    private final long from;
    private boolean begun;
    private boolean left;
    private boolean done;
    private boolean cut;

    /** The next event; null if there is none yet. */
    private @Nullable Event upcoming;

    /** The event that was returned last, which counts as sent when another one is asked for. */
    private @Nullable Event handed;

    Reader(long from) {
      this.from = from;
    }

    void attach() {
      requireKept(from);
      begun = true;
      if (everRead) {
        streams.countResumed();
      }
      everRead = true;
      current = this;
      sent = from;
      unsent = 0;
      for (Event event = oldest; event != null; event = event.next) {
        if (event.number >= from) {
          upcoming = upcoming == null ? event : upcoming;
          unsent += event.size();
        }
      }
      changed.signalAll();
      streams.room().signalAll();
    }

    @Override
    public Optional<Frame> next(Duration timeout) throws InterruptedException {
      lock.lockInterruptibly();
      try {
        if (!begun && !left) {
          attach();
        }
        if (current == this) {
          markSent(handed);
          handed = null;
          long nanos = timeout.toNanos();
          while (current == this && upcoming == null && !ended && nanos > 0) {
            nanos = changed.awaitNanos(nanos);
          }
        }
        return take();
      } finally {
        lock.unlock();
      }
    }

    /** Counts an event as sent. */
    private void markSent(@Nullable Event event) {
      if (event != null) {
        sent = event.number + 1;
        unsent -= event.size();
        streams.room().signalAll();
        changed.signalAll();
      }
    }

    private Optional<Frame> take() {
      if (current != this) {
        cut = true;
        return Optional.empty();
      }
      Event event = upcoming;
      if (event == null) {
        done = ended;
        cut = ended && !whole;
        return Optional.empty();
      }
      handed = event;
      upcoming = event.next;
      return Optional.of(new Frame(id + ":" + event.number, event.type, event.data));
    }

    @Override
    public boolean isDone() {
      lock.lock();
      try {
        return done || cut;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public boolean isCut() {
      lock.lock();
      try {
        return cut;
      } finally {
        lock.unlock();
      }
    }

    @Override
    public void leave() {
      lock.lock();
      try {
        left = true;
        if (current == this) {
          current = null;
          idleSince = streams.now();
          changed.signalAll();
          streams.deadlineChanged();
        }
      } finally {
        lock.unlock();
      }
    }
  }
}
