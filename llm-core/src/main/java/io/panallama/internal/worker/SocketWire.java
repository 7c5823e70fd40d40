package io.panallama.internal.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Frames over a stream socket.
 *
 * <p>An interrupt of a thread that sends or receives has no effect here, and is kept for the caller. The JDK closes a channel whose
 * user is interrupted, but not one that never blocks, so this one waits at selectors.
 */
public final class SocketWire implements Wire {
  static final int LONGEST_FRAME = 1 << 30;

  /** Also what is read or written at once: the JDK copies it to native memory, which it keeps. */
  private static final int USUAL_BUFFER = 1 << 16;

  private final SocketChannel channel;
  private final Selector readable;
  private final Selector writable;
  private final ReentrantLock writing = new ReentrantLock();
  private byte[] buffer = new byte[USUAL_BUFFER];
  private int begin;
  private int end;

  /**
   * @param channel closed with this
   */
  public SocketWire(SocketChannel channel) throws IOException {
    this.channel = channel;
    channel.configureBlocking(false);
    this.readable = selector(channel, SelectionKey.OP_READ);
    this.writable = selector(channel, SelectionKey.OP_WRITE);
  }

  private static Selector selector(SocketChannel channel, int operation) throws IOException {
    Selector selector = channel.provider().openSelector();
    channel.register(selector, operation);
    return selector;
  }

  @Override
  public void send(Output frames) throws IOException {
    ByteBuffer bytes = frames.view();
    writing.lock();
    try {
      int end = bytes.limit();
      while (bytes.position() < end) {
        bytes.limit(Math.min(end, bytes.position() + USUAL_BUFFER));
        if (channel.write(bytes) == 0) {
          await(writable);
        }
      }
    } finally {
      writing.unlock();
    }
  }

  @Override
  public @Nullable Frame receive() throws IOException {
    if (!fill(4)) {
      return null;
    }
    int length = ByteBuffer.wrap(buffer, begin, 4).getInt();
    if (length < 1 || length > LONGEST_FRAME) {
      throw new WireException("a frame has " + length + " bytes");
    }
    if (!fill(4 + length)) {
      return null;
    }
    int kind = buffer[begin + 4];
    FrameKind[] kinds = FrameKind.values();
    if (kind < 0 || kind >= kinds.length) {
      throw new WireException("there is no frame of kind " + kind);
    }
    Input values = new Input(buffer, begin + 5, begin + 4 + length);
    begin += 4 + length;
    return new Frame(kinds[kind], values);
  }

  /** Reads until this many bytes are in the buffer; false at the end of the connection. */
  private boolean fill(int wanted) throws IOException {
    if (end - begin >= wanted) {
      return true;
    }
    if (begin > 0) {
      System.arraycopy(buffer, begin, buffer, 0, end - begin);
      end -= begin;
      begin = 0;
    }
    if (buffer.length < wanted) {
      buffer = Arrays.copyOf(buffer, wanted);
    } else if (buffer.length > USUAL_BUFFER && wanted <= USUAL_BUFFER && end <= USUAL_BUFFER) {
      buffer = Arrays.copyOf(buffer, USUAL_BUFFER);
    }
    while (end < wanted) {
      int read = channel.read(ByteBuffer.wrap(buffer, end, Math.min(USUAL_BUFFER, buffer.length - end)));
      if (read < 0) {
        return false;
      }
      if (read == 0) {
        await(readable);
      }
      end += read;
    }
    return true;
  }

  /** Waits until the socket is ready. */
  private static void await(Selector selector) throws IOException {
    boolean interrupted = false;
    try {
      boolean ready = false;
      while (!ready) {
        ready = selector.select() > 0;
        selector.selectedKeys().clear();
        if (!ready) {
          // With the flag, the next wait would end at once.
          interrupted |= Thread.interrupted();
        }
      }
    } catch (ClosedSelectorException closed) {
      throw new IOException("the connection was closed here", closed);
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  @Override
  public void close() {
    try {
      channel.close();
      // A closed channel stays with a selector until that is used again.
      readable.close();
      writable.close();
    } catch (IOException gone) {
      // It is closed in any case.
    }
  }
}
