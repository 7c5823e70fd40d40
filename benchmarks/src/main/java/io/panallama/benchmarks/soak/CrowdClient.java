package io.panallama.benchmarks.soak;

import java.io.BufferedInputStream;
import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Locale;

/**
 * A client with one connection of its own, which it may break off or read slowly. For one thread.
 *
 * <p>It speaks HTTP/1.1 over a socket itself: the JDK's client reads ahead into buffers of its own, so a server would never notice that it
 * is slow.
 */
final class CrowdClient implements AutoCloseable {
  /** What a slow reader's system takes for it; the rest waits in the server. */
  private static final int SMALL_BUFFER = 4096;

  private static final int SLOW_PIECE = 256;
  private static final Duration SLOW_PAUSE = Duration.ofMillis(20);
  private static final Duration PATIENCE = Duration.ofMinutes(2);

  /** How a client behaves with an answer. */
  enum Manner {
    /** Reads it as it comes. */
    READS,
    /** Reads it slowly, to its end. */
    READS_SLOWLY,
    /** Leaves in the middle, in order (FIN). */
    LEAVES,
    /** Leaves in the middle, by a reset. */
    RESETS
  }

  /**
   * An answer, as far as it was read.
   *
   * @param status 0 if the client left before it
   * @param retryAfter whether it says when to come again
   * @param error whether a stream ended with an error
   * @param bytes of the body that were read
   */
  record Answer(int status, boolean retryAfter, boolean error, long bytes) {
    static final Answer LEFT = new Answer(0, false, false, 0);
  }

  private final URI server;
  private Socket socket = new Socket();
  private InputStream in = InputStream.nullInputStream();

  CrowdClient(URI server) {
    this.server = server;
  }

  private void connect(boolean slow) throws IOException {
    socket = new Socket();
    if (slow) {
      socket.setReceiveBufferSize(SMALL_BUFFER);
    }
    socket.setTcpNoDelay(true);
    socket.setSoTimeout((int) PATIENCE.toMillis());
    socket.connect(new InetSocketAddress(server.getHost(), server.getPort()), (int) PATIENCE.toMillis());
    in = new BufferedInputStream(socket.getInputStream(), slow ? SLOW_PIECE : 8192);
  }

  /**
   * Posts a body and reads the answer in a manner.
   *
   * @param leaveAfter bytes of the body after which a client that leaves does so; 0 for before the answer
   */
  Answer post(String path, String key, String body, Manner manner, int leaveAfter)
      throws IOException, InterruptedException {
    boolean slow = manner == Manner.READS_SLOWLY;
    boolean leaves = manner == Manner.LEAVES || manner == Manner.RESETS;
    if (slow || socket.isClosed() || !socket.isConnected()) {
      close();
      connect(slow);
    }
    byte[] content = body.getBytes(StandardCharsets.UTF_8);
    String head =
        "POST "
            + path
            + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAuthorization: Bearer "
            + key
            + "\r\nContent-Length: "
            + content.length
            + "\r\n\r\n";
    try {
      socket.getOutputStream().write(head.getBytes(StandardCharsets.US_ASCII));
      socket.getOutputStream().write(content);
      if (leaves && leaveAfter == 0) {
        leave(manner);
        return Answer.LEFT;
      }
      return read(manner, leaves ? leaveAfter : Long.MAX_VALUE);
    } catch (IOException broken) {
      close();
      throw broken;
    } finally {
      if (slow) {
        close();
      }
    }
  }

  private Answer read(Manner manner, long most) throws IOException, InterruptedException {
    String line = line();
    int status = Integer.parseInt(line.split(" ", 3)[1]);
    boolean retryAfter = false;
    boolean closes = false;
    long length = -1;
    for (line = line(); !line.isEmpty(); line = line()) {
      String header = line.toLowerCase(Locale.ROOT);
      retryAfter |= header.startsWith("retry-after:");
      closes |= header.startsWith("connection:") && header.contains("close");
      if (header.startsWith("content-length:")) {
        length = Long.parseLong(header.substring(header.indexOf(':') + 1).strip());
      }
    }
    Body body = new Body(manner, most);
    if (length >= 0) {
      body.take(length);
    } else {
      long chunk = chunk();
      while (chunk > 0 && !body.isEnough()) {
        body.take(chunk);
        if (!body.isEnough()) {
          line();
        }
        chunk = body.isEnough() ? 0 : chunk();
      }
      if (!body.isEnough()) {
        line();
      }
    }
    if (body.isEnough()) {
      leave(manner);
    } else if (closes) {
      close();
    }
    return new Answer(status, retryAfter, body.hasError(), body.read);
  }

  private long chunk() throws IOException {
    return Long.parseLong(line().strip(), 16);
  }

  /** The body as far as it is wanted. */
  private final class Body {
    private final Manner manner;
    private final long most;
    private final StringBuilder end = new StringBuilder();
    private long read;

    Body(Manner manner, long most) {
      this.manner = manner;
      this.most = most;
    }

    boolean isEnough() {
      return read >= most;
    }

    void take(long length) throws IOException, InterruptedException {
      long left = length;
      byte[] piece = new byte[SLOW_PIECE];
      while (left > 0 && !isEnough()) {
        int got = in.read(piece, 0, (int) Math.min(piece.length, left));
        if (got < 0) {
          throw new EOFException("the answer ended in the middle");
        }
        end.append(new String(piece, 0, got, StandardCharsets.ISO_8859_1));
        end.delete(0, Math.max(0, end.length() - 1024));
        left -= got;
        read += got;
        if (manner == Manner.READS_SLOWLY) {
          Thread.sleep(SLOW_PAUSE);
        }
      }
    }

    /** The ends of streams of OpenAI that failed. */
    boolean hasError() {
      return end.indexOf("data: {\"error\"") >= 0;
    }
  }

  private String line() throws IOException {
    StringBuilder line = new StringBuilder();
    for (int c = in.read(); c != '\n'; c = in.read()) {
      if (c < 0) {
        throw new EOFException("the connection ended in the middle of an answer");
      }
      if (c != '\r') {
        line.append((char) c);
      }
    }
    return line.toString();
  }

  private void leave(Manner manner) throws IOException {
    if (manner == Manner.RESETS) {
      socket.setSoLinger(true, 0);
    }
    close();
  }

  @Override
  public void close() throws IOException {
    socket.close();
  }
}
