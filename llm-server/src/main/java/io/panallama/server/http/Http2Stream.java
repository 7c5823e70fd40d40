package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import io.helidon.http.http2.Http2ErrorCode;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.concurrent.locks.Condition;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A stream of HTTP/2: a request and its answer, which a {@link ClientConnection} of its own reads and writes as HTTP/1.1. A client that
 * resets it has left.
 *
 * <p>It holds at most the bytes of its window, because a client that sends more breaks the protocol. Safe for any thread; none of its
 * methods but {@link #write} blocks for the client.
 */
final class Http2Stream implements Carrier, HelidonSocket {
  /** How many bytes are read before the client gets leave to send as many more. */
  private static final int CREDIT = 16_384;

  private final int id;
  private final Http2Connection owner;
  private final Carrier carrier;
  private final Http2Windows windows;
  private final Http2Windows.Window window;
  private final Http2Answer answer;
  private final long contentLength;
  private final boolean chunked;

  private final ReentrantLock lock = new ReentrantLock();
  private final Condition arrived = lock.newCondition();
  private final ByteArrayOutputStream body = new ByteArrayOutputStream();
  private byte @Nullable [] head;
  private long received;
  private int inboundWindow = Http2Windows.INITIAL;
  private int credit;
  private boolean bodyEnded;
  private boolean lastChunkRead;
  private boolean answered;
  private boolean gone;

  /**
   * A stream whose request begins with this head.
   *
   * @param carrier of the connection
   * @param ended whether no body follows
   */
  Http2Stream(
      int id,
      Http2Connection owner,
      Carrier carrier,
      Http2Output out,
      Http2Windows windows,
      Http2RequestHead head,
      boolean ended) {
    this.id = id;
    this.owner = owner;
    this.carrier = carrier;
    this.windows = windows;
    this.window = windows.open();
    this.answer = new Http2Answer(id, out, windows, window);
    this.head = head.bytes();
    this.contentLength = head.contentLength();
    this.chunked = head.chunked();
    this.bodyEnded = ended;
  }

  int id() {
    return id;
  }

  Http2Windows.Window window() {
    return window;
  }

  /**
   * Takes bytes of the body.
   *
   * @param counted how many bytes of its window they take, with their padding
   * @return why the stream has to be reset; null if all is well
   */
  @Nullable Http2ErrorCode data(byte[] bytes, int from, int length, int counted, boolean last) {
    lock.lock();
    try {
      if (gone) {
        return null;
      }
      if (bodyEnded) {
        return Http2ErrorCode.STREAM_CLOSED;
      }
      inboundWindow -= counted;
      received += length;
      if (inboundWindow < 0) {
        return Http2ErrorCode.FLOW_CONTROL;
      }
      if (contentLength >= 0 && (received > contentLength || (last && received < contentLength))) {
        return Http2ErrorCode.PROTOCOL;
      }
      body.write(bytes, from, length);
      bodyEnded = last;
      allowMore(counted - length);
      arrived.signal();
      return null;
    } finally {
      lock.unlock();
    }
  }

  /** The client has reset the stream, or the connection has ended. */
  void lost() {
    windows.close(window);
    lock.lock();
    try {
      gone = true;
      arrived.signal();
    } finally {
      lock.unlock();
    }
  }

  /** The next bytes of the request in HTTP/1.1. After them it waits until the client leaves or the answer has ended. */
  @Override
  public byte @Nullable [] get() {
    lock.lock();
    try {
      while (true) {
        byte[] first = head;
        if (gone) {
          return null;
        }
        if (first != null) {
          head = null;
          return first;
        }
        if (body.size() > 0) {
          byte[] bytes = body.toByteArray();
          body.reset();
          allowMore(bytes.length);
          return chunked ? RequestFramer.framed(bytes) : bytes;
        }
        if (chunked && bodyEnded && !lastChunkRead) {
          lastChunkRead = true;
          return "0\r\n\r\n".getBytes(StandardCharsets.US_ASCII);
        }
        if (answered && bodyEnded) {
          return null;
        }
        arrived.await();
      }
    } catch (InterruptedException finished) {
      Thread.currentThread().interrupt();
      return null;
    } finally {
      lock.unlock();
    }
  }

  private void allowMore(int bytes) {
    credit += bytes;
    if (credit >= CREDIT && !bodyEnded) {
      inboundWindow += credit;
      owner.allowMore(id, credit);
      credit = 0;
    }
  }

  @Override
  public void write(BufferData buffer) {
    answer.write(buffer.readBytes());
  }

  @Override
  public void endOutput(boolean complete) {
    if (complete && answer.end()) {
      lock.lock();
      try {
        answered = true;
        arrived.signal();
      } finally {
        lock.unlock();
      }
    } else if (!windows.isClosed(window)) {
      lost();
      owner.reset(id, Http2ErrorCode.INTERNAL);
    }
  }

  @Override
  public void cut() {
    boolean open;
    boolean stop;
    lock.lock();
    try {
      open = !gone && !(answered && bodyEnded);
      stop = answered;
    } finally {
      lock.unlock();
    }
    lost();
    if (open) {
      // RFC 9113, 8.1: after its answer, NO_ERROR tells a client to stop sending what is not wanted.
      owner.reset(id, stop ? Http2ErrorCode.NO_ERROR : Http2ErrorCode.CANCEL);
    }
  }

  @Override
  public void drain() {
    owner.drain();
  }

  @Override
  public void begin() {}

  @Override
  public HelidonSocket socket() {
    return this;
  }

  @Override
  public String authority() {
    return carrier.authority();
  }

  @Override
  public boolean isLocalSocket() {
    return carrier.isLocalSocket();
  }

  @Override
  public boolean isStream() {
    return true;
  }

  @Override
  public Duration linger() {
    return carrier.linger();
  }

  @Override
  public void close() {
    cut();
  }

  @Override
  public void idle() {}

  @Override
  public boolean isConnected() {
    return !windows.isClosed(window);
  }

  @Override
  @SuppressWarnings("removal")
  public int read(BufferData buffer) {
    throw new UnsupportedOperationException("A stream is read by get");
  }

  @Override
  public PeerInfo remotePeer() {
    return carrier.socket().remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return carrier.socket().localPeer();
  }

  @Override
  public boolean isSecure() {
    return carrier.socket().isSecure();
  }

  @Override
  public String socketId() {
    return carrier.socket().socketId();
  }

  @Override
  public String childSocketId() {
    return carrier.socket().childSocketId() + "-" + id;
  }
}
