package io.panallama.internal.worker;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.SocketChannel;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/** Frames over a stream socket. */
public final class SocketWire implements Wire {
  static final int LONGEST_FRAME = 1 << 30;

  /** Also what is read or written at once: the JDK copies it to native memory, which it keeps. */
  private static final int USUAL_BUFFER = 1 << 16;

  private final SocketChannel channel;
  private final ReentrantLock writing = new ReentrantLock();
  private byte[] buffer = new byte[USUAL_BUFFER];
  private int begin;
  private int end;

  public SocketWire(SocketChannel channel) {
    this.channel = channel;
  }

  /** A thread that is interrupted before keeps its interrupt; one that is interrupted meanwhile closes the connection. */
  @Override
  public void send(Output frames) throws IOException {
    ByteBuffer bytes = frames.view();
    writing.lock();
    // A channel closes itself under an interrupted thread.
    boolean interrupted = Thread.interrupted();
    try {
      int end = bytes.limit();
      while (bytes.position() < end) {
        bytes.limit(Math.min(end, bytes.position() + USUAL_BUFFER));
        channel.write(bytes);
      }
    } finally {
      writing.unlock();
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
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
      end += read;
    }
    return true;
  }

  @Override
  public void close() {
    try {
      channel.close();
    } catch (IOException gone) {
      // It is closed in any case.
    }
  }
}
