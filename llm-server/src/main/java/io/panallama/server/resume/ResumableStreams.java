package io.panallama.server.resume;

import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Framing;
import io.panallama.server.keys.KeyIdentity;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.LongSupplier;

/**
 * The streams that can be resumed, by their ids.
 *
 * <p>A stream without a client is cancelled and forgotten when its time has passed. While there are streams, a virtual thread waits for
 * that. One lock guards all streams, because they share the memory that they may take.
 *
 * <p>Safe for any thread.
 */
public final class ResumableStreams implements AutoCloseable {
  /** How long the watch sleeps while every stream has a client; each change wakes it. */
  private static final long NO_DEADLINE = TimeUnit.HOURS.toNanos(1);

  private final ResumeLimits limits;
  private final LongSupplier nanoTime;
  private final boolean watched;
  private final ReentrantLock lock = new ReentrantLock();

  /** Events may fit that did not before. Writers of all streams wait for it, since they share the memory. */
  private final Condition room = lock.newCondition();

  /** The next deadline may be another one. */
  private final Condition deadlines = lock.newCondition();

  /** By their ids, the oldest first. */
  private final Map<String, ResumableStream> streams = new LinkedHashMap<>();

  private long bytes;
  private long resumed;
  private long expired;
  private boolean watching;
  private boolean closed;

  /**
   * No streams yet.
   *
   * @param nanoTime a clock that never jumps, such as {@link System#nanoTime}
   */
  public ResumableStreams(ResumeLimits limits, LongSupplier nanoTime) {
    this(limits, nanoTime, true);
  }

  /**
   * For tests.
   *
   * @param watched whether a thread calls {@link #expire} in time
   */
  ResumableStreams(ResumeLimits limits, LongSupplier nanoTime, boolean watched) {
    this.limits = limits;
    this.nanoTime = nanoTime;
    this.watched = watched;
  }

  /** What streams may take. */
  public ResumeLimits limits() {
    return limits;
  }

  /**
   * Begins a stream, as yet without a reader.
   *
   * @param owner who alone may continue or delete it
   * @param dialect in whose shape its errors are written
   * @param time how long it is kept without a client
   * @param cancel ends the generation; must not block, and may be called more than once
   */
  public ResumableStream open(KeyIdentity owner, Dialect dialect, Framing framing, Duration time, Runnable cancel) {
    String id = "stream_" + UUID.randomUUID().toString().replace("-", "");
    ResumableStream stream = new ResumableStream(this, id, owner, dialect, framing, time, cancel);
    boolean refused;
    lock.lock();
    try {
      refused = closed;
      if (!refused) {
        streams.put(id, stream);
        watch();
      }
    } finally {
      lock.unlock();
    }
    if (refused) {
      stream.cancel();
    }
    return stream;
  }

  /** The stream of this id; empty if there is none, or another client began it. */
  public Optional<ResumableStream> find(String id, KeyIdentity owner) {
    lock.lock();
    try {
      return Optional.ofNullable(streams.get(id)).filter(stream -> stream.owner().equals(owner));
    } finally {
      lock.unlock();
    }
  }

  /**
   * Ends the generation of a stream and forgets the stream. A client that is reading it is told that the generation was cancelled.
   *
   * @return false if there is none of this id, or another client began it
   */
  public boolean delete(String id, KeyIdentity owner) {
    Optional<ResumableStream> found;
    lock.lock();
    try {
      found = find(id, owner);
      found.ifPresent(stream -> {
        streams.remove(id);
        release(stream);
      });
    } finally {
      lock.unlock();
    }
    found.ifPresent(ResumableStream::cancel);
    return found.isPresent();
  }

  /** How many streams are kept, also those that have ended. */
  public int kept() {
    lock.lock();
    try {
      return streams.size();
    } finally {
      lock.unlock();
    }
  }

  /** How many streams are being generated without a client. */
  public long detached() {
    lock.lock();
    try {
      return streams.values().stream().filter(ResumableStream::isDetached).count();
    } finally {
      lock.unlock();
    }
  }

  /** The bytes of the events that are kept. */
  public long bytes() {
    lock.lock();
    try {
      return bytes;
    } finally {
      lock.unlock();
    }
  }

  /** How often a client has come back to a stream. */
  public long resumed() {
    lock.lock();
    try {
      return resumed;
    } finally {
      lock.unlock();
    }
  }

  /** How many streams were given up before their client had all of them. */
  public long expired() {
    lock.lock();
    try {
      return expired;
    } finally {
      lock.unlock();
    }
  }

  /** Cancels all streams and forgets them; further ones are cancelled at once. Repeating it is harmless. */
  @Override
  public void close() {
    List<ResumableStream> all;
    lock.lock();
    try {
      closed = true;
      all = List.copyOf(streams.values());
      streams.clear();
      all.forEach(this::release);
      deadlines.signalAll();
    } finally {
      lock.unlock();
    }
    all.forEach(ResumableStream::cancel);
  }

  /** Gives up the streams whose client has stayed away for too long. */
  void expire() {
    List<ResumableStream> over = new ArrayList<>();
    lock.lock();
    try {
      long now = nanoTime.getAsLong();
      Iterator<ResumableStream> all = streams.values().iterator();
      while (all.hasNext()) {
        ResumableStream stream = all.next();
        if (stream.nanosLeft(now) <= 0) {
          all.remove();
          release(stream);
          over.add(stream);
          expired += stream.isSpent() ? 0 : 1;
        }
      }
    } finally {
      lock.unlock();
    }
    over.forEach(ResumableStream::cancel);
  }

  private void watch() {
    if (watched && !watching) {
      watching = true;
      Thread.ofVirtual().name("panallama-streams").start(this::expireInTime);
    }
    deadlines.signalAll();
  }

  private void expireInTime() {
    try {
      while (awaitDeadline()) {
        expire();
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits until a stream has been without a client for too long; false if there is none any more. */
  private boolean awaitDeadline() throws InterruptedException {
    lock.lockInterruptibly();
    try {
      while (!streams.isEmpty()) {
        long now = nanoTime.getAsLong();
        long left = streams.values().stream().mapToLong(stream -> stream.nanosLeft(now)).reduce(NO_DEADLINE, Math::min);
        if (left <= 0) {
          return true;
        }
        deadlines.awaitNanos(left);
      }
      watching = false;
      return false;
    } finally {
      lock.unlock();
    }
  }

  /** What guards all streams. */
  ReentrantLock lock() {
    return lock;
  }

  /** What writers wait for. */
  Condition room() {
    return room;
  }

  /** The time of the clock. */
  long now() {
    return nanoTime.getAsLong();
  }

  /** Tells that a stream has another deadline. Under the lock. */
  void deadlineChanged() {
    deadlines.signalAll();
  }

  /** Counts a client that has come back. Under the lock. */
  void countResumed() {
    resumed++;
  }

  /** Counts bytes of a stream that is kept; negative if there are fewer now. Under the lock. */
  void count(long more) {
    bytes += more;
    if (more < 0) {
      room.signalAll();
    }
  }

  private void release(ResumableStream stream) {
    count(-stream.release());
    deadlines.signalAll();
  }

  /**
   * Whether bytes of a stream fit among those of all streams. For that, first the streams go of which the client has had everything, then
   * the events of this stream that its client has had. Under the lock.
   */
  boolean makeRoom(ResumableStream stream, long more) {
    Iterator<ResumableStream> all = streams.values().iterator();
    while (bytes + more > limits.totalBytes() && all.hasNext()) {
      ResumableStream other = all.next();
      if (other.isSpent()) {
        all.remove();
        release(other);
      }
    }
    boolean dropped = true;
    while (dropped && bytes + more > limits.totalBytes()) {
      dropped = stream.dropOldest();
    }
    return bytes + more <= limits.totalBytes();
  }
}
