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
 * <p>It holds at most two chunks (8 KiB each), one in the hand-over queue and one waiting for it, so a client cannot fill
 * memory by sending ahead. {@link #get} also enforces the time limits, which a blocking read cannot.
 */
final class PeerReader implements Supplier<byte @Nullable []> {
  private static final byte[] END = new byte[0];

  /** The most bytes that are read and discarded to end a connection in order. */
  private static final long MAX_LINGER_BYTES = 16L << 20;

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

  /** Tells that the first byte of a request is there: from now on the rest must come in time. */
  void requestBegun() {
    inRequest = true;
    requestBegan = System.nanoTime();
    requestDeadline = requestBegan + limits.request().toNanos();
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
   * Ends reading. After an answer that ends the connection, what the client still sends is read for up to {@code linger}, or
   * until it closes its side, and discarded: closing a socket with unread bytes resets it, and the client would lose the answer.
   */
  void finish(Duration linger) {
    long deadline = System.nanoTime() + linger.toNanos();
    long thrownAway = 0;
    try {
      while ((inRequest || lastAnswered) && !ended && thrownAway < MAX_LINGER_BYTES) {
        byte[] chunk = next(deadline - System.nanoTime());
        if (chunk == null || chunk == END) {
          break;
        }
        thrownAway += chunk.length;
      }
    } catch (InterruptedException interrupt) {
      Thread.currentThread().interrupt();
    } finally {
      thread.interrupt();
    }
  }

  private byte @Nullable [] next(long waitNanos) throws InterruptedException {
    return handOver.poll(Math.max(waitNanos, 0), TimeUnit.NANOSECONDS);
  }

  private void readAll() {
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
    } catch (InterruptedException finished) {
      return;
    }
    announceGone();
    try {
      handOver.put(END);
    } catch (InterruptedException finished) {
      Thread.currentThread().interrupt();
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
