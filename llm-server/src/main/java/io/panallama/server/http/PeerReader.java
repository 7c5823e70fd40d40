package io.panallama.server.http;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.http.DirectHandler;
import io.helidon.http.RequestException;
import io.helidon.http.Status;
import io.helidon.webserver.CloseConnectionException;
import java.time.Duration;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Reads a socket on a virtual thread of its own and hands the chunks over one at a time.
 *
 * <p>It holds at most two chunks (8 KiB each, 16 KiB with TLS), one in the hand-over queue and one waiting for it, so a client cannot fill
 * memory by sending ahead. {@link #get} also enforces the time limits, which a blocking read cannot.
 */
final class PeerReader implements Supplier<byte @Nullable []> {
  private static final byte[] END = new byte[0];
  private static final byte[] WAKE = new byte[0];

  /** The most bytes that are read and discarded to end a connection in order: bodies that are refused are not much larger. */
  private static final long MAX_LINGER_BYTES = 64L << 20;

  /** The longest time for which bytes are read and discarded, however steadily they come. */
  private static final Duration MAX_LINGER = Duration.ofSeconds(5);

  /** How fast an upload must come, in bytes per second: its time grows with what has come. */
  private static final long SLOWEST_UPLOAD = 32 << 10;

  private final HelidonSocket socket;
  private final ConnectionLimits limits;
  private final Thread thread;
  private final BlockingQueue<byte[]> handOver = new ArrayBlockingQueue<>(1);

  private final Object lock = new Object();
  private @Nullable Runnable onGone;
  private boolean gone;

  /** {@link System#nanoTime} by which the current request must be complete; only the connection's thread uses it. */
  private long requestDeadline;

  private long requestBegan;
  private boolean inRequest;
  private boolean lastAnswered;
  private boolean ended;

  /** What the connection waits for, null while it waits for nothing; read by any thread. */
  private volatile @Nullable Silence silence;

  /**
   * A client that has to send something.
   *
   * @param idle whether it has to begin a request, or else to go on with one
   * @param since {@link System#nanoTime} when it became its turn: the end of the last request, or the beginning of this one
   */
  record Silence(boolean idle, long since) {}

  PeerReader(HelidonSocket socket, ConnectionLimits limits, String name) {
    this.socket = socket;
    this.limits = limits;
    this.thread = Thread.ofVirtual().name("panallama-peer-" + name).unstarted(this::readAll);
  }

  void start() {
    thread.start();
  }

  /**
   * The next chunk for the connection's thread.
   *
   * @return null at the end of the stream
   * @throws RequestException with 408 if the current request takes too long
   * @throws CloseConnectionException if no request begins for the idle timeout, or on interrupt
   */
  @Override
  public byte @Nullable [] get() {
    if (ended) {
      return null;
    }
    long wait = inRequest ? requestDeadline - System.nanoTime() : limits.idle().toNanos();
    byte[] chunk;
    silence = new Silence(!inRequest, inRequest ? requestBegan : System.nanoTime());
    try {
      chunk = next(wait);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("Interrupted while waiting for the client", interrupt);
    } finally {
      silence = null;
    }
    if (chunk == null) {
      throw inRequest ? requestTimeout() : new CloseConnectionException("Idle for " + limits.idle());
    }
    if (chunk == END) {
      ended = true;
      return null;
    }
    return chunk;
  }

  /**
   * The next chunk for a connection that has time limits of its own.
   *
   * @param meanwhile how the time of the wait counts, null if the client owes nothing
   * @return null if the time passed; no bytes if {@link #wake} was called
   * @throws CloseConnectionException at the end of the stream, or on interrupt
   */
  byte @Nullable [] poll(long nanos, @Nullable Silence meanwhile) {
    byte[] chunk;
    silence = meanwhile;
    try {
      chunk = ended ? END : next(nanos);
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
      throw new CloseConnectionException("Interrupted while waiting for the client", interrupt);
    } finally {
      silence = null;
    }
    if (chunk == END) {
      ended = true;
      throw new CloseConnectionException("The client is gone");
    }
    return chunk;
  }

  /** Ends a wait of {@link #poll}, or else the next one. Any thread; does not block. */
  void wake() {
    // A chunk that is there wakes the thread as well.
    handOver.offer(WAKE);
  }

  /** Tells that the first byte of a request is there: from now on the rest must come in time. */
  void requestBegun() {
    inRequest = true;
    requestBegan = System.nanoTime();
    requestDeadline = requestBegan + limits.request().toNanos();
  }

  /** Tells that bytes of an upload are there: the rest has more time. */
  void received(int bytes) {
    requestDeadline += bytes * TimeUnit.SECONDS.toNanos(1) / SLOWEST_UPLOAD;
  }

  /** Tells that the current request was answered, and whether it is the connection's last. */
  void requestDone(boolean last) {
    inRequest = false;
    lastAnswered |= last;
  }

  /** What the connection waits for; null while it waits for nothing. Any thread. */
  @Nullable Silence silence() {
    return silence;
  }

  boolean gone() {
    synchronized (lock) {
      return gone;
    }
  }

  ClientConnection.Watch whenGone(Runnable action) {
    boolean now;
    synchronized (lock) {
      now = gone;
      if (!now) {
        onGone = action;
      }
    }
    if (now) {
      action.run();
    }
    return () -> {
      synchronized (lock) {
        onGone = null;
      }
    };
  }

  /**
   * Ends reading. After an answer that ends the connection, what the client still sends is read until it closes its side, or
   * sends nothing for {@code linger}, and discarded: closing a socket with unread bytes resets it, and the client would lose the
   * answer. Many clients read it only when they have sent the whole body. That is limited to 5 s and 64 MiB, and the connection
   * makes room for others meanwhile, as an idle one.
   */
  void finish(Duration linger) {
    long began = System.nanoTime();
    long deadline = began + MAX_LINGER.toNanos();
    long thrownAway = 0;
    silence = new Silence(true, began);
    try {
      while ((inRequest || lastAnswered) && !ended && thrownAway < MAX_LINGER_BYTES) {
        byte[] chunk = next(Math.min(linger.toNanos(), deadline - System.nanoTime()));
        if (chunk == null || chunk == END) {
          break;
        }
        thrownAway += chunk.length;
      }
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
    } finally {
      silence = null;
      thread.interrupt();
    }
  }

  private byte @Nullable [] next(long waitNanos) throws InterruptedException {
    return handOver.poll(Math.max(waitNanos, 0), TimeUnit.NANOSECONDS);
  }

  private void readAll() {
    try {
      readChunks();
      announceGone();
    } catch (InterruptedException finished) {
      return;
    } catch (RuntimeException | Error fault) {
      Faults.tell("A connection was ended while its client was read", fault);
      announceGoneAgain();
    }
    try {
      handOver.put(END);
    } catch (InterruptedException finished) {
      Thread.currentThread().interrupt();
    }
  }

  private void readChunks() throws InterruptedException {
    try {
      while (true) {
        byte[] chunk = socket.get();
        if (chunk == null) {
          break;
        }
        handOver.put(chunk);
      }
    } catch (RuntimeException broken) {
      System.getLogger(PeerReader.class.getName()).log(System.Logger.Level.TRACE, "Connection broken", broken);
    }
  }

  /** Ends what is done for the client if that is still to do. */
  private void announceGoneAgain() {
    try {
      announceGone();
    } catch (RuntimeException | Error fault) {
      Faults.tell("What was done for a client that has left could not be ended at once", fault);
    }
  }

  private void announceGone() {
    Runnable action;
    synchronized (lock) {
      gone = true;
      action = onGone;
      onGone = null;
    }
    if (action != null) {
      action.run();
    }
  }

  private RequestException requestTimeout() {
    return RequestException.builder()
        .type(DirectHandler.EventType.BAD_REQUEST)
        .status(Status.REQUEST_TIMEOUT_408)
        .setKeepAlive(false)
        .message("The request was not complete after " + limits.request().toSeconds() + " s.")
        .build();
  }
}
