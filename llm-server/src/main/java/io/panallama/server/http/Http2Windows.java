package io.panallama.server.http;

import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import java.util.HashSet;
import java.util.Set;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;

/**
 * How many bytes the client of a connection of HTTP/2 is ready to take, on the connection and on each stream; RFC 9113, 5.2. A stream
 * whose window is empty waits by itself: it takes nothing from the others. Safe for any thread.
 */
final class Http2Windows {
  /** Every window's size at first, in both directions. */
  static final int INITIAL = 65_535;

  /** The window of a stream. */
  static final class Window {
    private long size;
    private boolean closed;

    private Window(long size) {
      this.size = size;
    }
  }

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition changed = lock.newCondition();
  private final Set<Window> open = new HashSet<>();
  private long connection = INITIAL;
  private long initial = INITIAL;

  Window open() {
    lock.lock();
    try {
      Window window = new Window(initial);
      open.add(window);
      return window;
    } finally {
      lock.unlock();
    }
  }

  /** Ends a stream's window; a thread that waits for it goes on. Repeating it is harmless. */
  void close(Window window) {
    lock.lock();
    try {
      window.closed = true;
      open.remove(window);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  boolean isClosed(Window window) {
    lock.lock();
    try {
      return window.closed;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Waits until bytes may be sent on a stream.
   *
   * @param wanted at least 1
   * @return how many of them, at least 1; 0 if the window was closed
   */
  int take(Window window, int wanted) {
    lock.lock();
    try {
      while (!window.closed && (connection <= 0 || window.size <= 0)) {
        changed.awaitUninterruptibly();
      }
      if (window.closed) {
        return 0;
      }
      int taken = (int) Math.min(wanted, Math.min(connection, window.size));
      connection -= taken;
      window.size -= taken;
      return taken;
    } finally {
      lock.unlock();
    }
  }

  /** Returns bytes that were taken and not sent, because their stream ended meanwhile. */
  void giveBack(int bytes) {
    lock.lock();
    try {
      connection += bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /**
   * Adds to the connection's window.
   *
   * @throws Http2Exception if it gets too large
   */
  void growConnection(int bytes) {
    lock.lock();
    try {
      connection = grown(connection, bytes);
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  /** Adds to a stream's window; false if it gets too large. */
  boolean grow(Window window, int bytes) {
    lock.lock();
    try {
      window.size += bytes;
      changed.signalAll();
      return window.size <= Integer.MAX_VALUE;
    } finally {
      lock.unlock();
    }
  }

  /**
   * Changes the size with which streams begin, which moves the windows of those that are open; RFC 9113, 6.9.2.
   *
   * @throws Http2Exception if one gets too large
   */
  void initial(int bytes) {
    lock.lock();
    try {
      for (Window window : open) {
        window.size = grown(window.size, bytes - initial);
      }
      initial = bytes;
      changed.signalAll();
    } finally {
      lock.unlock();
    }
  }

  private static long grown(long size, long bytes) {
    if (size + bytes > Integer.MAX_VALUE) {
      throw new Http2Exception(Http2ErrorCode.FLOW_CONTROL, "A window is larger than 2147483647 bytes.");
    }
    return size + bytes;
  }
}
