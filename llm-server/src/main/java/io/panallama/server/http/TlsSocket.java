package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.PeerInfo;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedChannelException;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.locks.ReentrantLock;
import javax.net.ssl.SSLEngine;
import javax.net.ssl.SSLEngineResult;
import javax.net.ssl.SSLEngineResult.HandshakeStatus;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import org.jspecify.annotations.Nullable;

/**
 * A socket that encrypts what is written to another one, and decrypts what is read from it.
 *
 * <p>Helidon's own is not used: it is made for one thread at a time, and here a client is read while its answer is written. The JDK's
 * {@code SSLSocket} can wait for a write before it tells that the client has left.
 *
 * <p>One thread calls {@link #handshake}; then one reads, and any may write. Only reading, and waiting for a client that does not read, block.
 */
final class TlsSocket implements HelidonSocket {
  private static final System.Logger LOGGER = System.getLogger(TlsSocket.class.getName());

  /** The type of a record with which a handshake begins; RFC 8446, 5.1. */
  private static final int HANDSHAKE = 22;

  /** The most records in a row that bring nothing, such as new keys; OpenSSL's limit. */
  private static final int MAX_EMPTY_RECORDS = 32;

  /** The most bytes that are read of a client that doesn't encrypt, so that it gets its answer. */
  private static final int MAX_PLAIN = 1 << 20;

  private static final ByteBuffer NOTHING = ByteBuffer.allocate(0).asReadOnlyBuffer();

  private static final String NOT_ENCRYPTED =
      """
      {"error":{"message":"This port speaks HTTPS only. Use an address that begins with https://.",\
      "type":"invalid_request_error","param":null,"code":"https_required"}}\
      """;

  private final HelidonSocket wire;
  private final SSLEngine engine;
  private final ReentrantLock writing = new ReentrantLock();

  /** What was received and is still encrypted; only the thread that reads uses it. */
  private ByteBuffer sealed = NOTHING;

  private int emptyRecords;

  /** A socket on {@code wire}, which {@link #close} closes. */
  TlsSocket(HelidonSocket wire, SSLEngine engine) {
    this.wire = wire;
    this.engine = engine;
  }

  /**
   * Agrees on keys with the client. Blocks as long as the client lets it.
   *
   * @param endOutput tells a client that does not encrypt that it has been answered
   * @throws IOException if there is no agreement; the client has been told why
   */
  void handshake(Runnable endOutput) throws IOException {
    if (!receive()) {
      throw new ClosedChannelException();
    }
    if (isHttp(sealed.get(sealed.position()))) {
      refusePlain(endOutput);
      throw new SSLHandshakeException("The client does not encrypt");
    }
    try {
      engine.beginHandshake();
      for (HandshakeStatus next = engine.getHandshakeStatus();
          next != HandshakeStatus.NOT_HANDSHAKING && next != HandshakeStatus.FINISHED;
          next = engine.getHandshakeStatus()) {
        advance(next);
      }
    } catch (SSLException refused) {
      sendAlert();
      throw refused;
    }
  }

  private void advance(HandshakeStatus next) throws IOException {
    switch (next) {
      case NEED_TASK -> runTasks();
      case NEED_WRAP -> {
        if (wrap(NOTHING).getStatus() == SSLEngineResult.Status.CLOSED) {
          throw new ClosedChannelException();
        }
      }
      default -> {
        SSLEngineResult result = engine.unwrap(sealed, ByteBuffer.allocate(plainSize()));
        boolean more = result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW;
        if (result.getStatus() == SSLEngineResult.Status.CLOSED || (more && !receive())) {
          throw new ClosedChannelException();
        }
      }
    }
  }

  private void runTasks() {
    for (Runnable task = engine.getDelegatedTask(); task != null; task = engine.getDelegatedTask()) {
      task.run();
    }
  }

  /** Whether this begins a request of HTTP rather than a handshake: a method. */
  private static boolean isHttp(byte first) {
    return first != HANDSHAKE && first >= 'A' && first <= 'Z';
  }

  /** Answers a client that does not encrypt as nginx does. */
  private void refusePlain(Runnable endOutput) {
    String answer =
        "HTTP/1.1 400 Bad Request\r\nContent-Type: application/json\r\nConnection: close\r\nContent-Length: "
            + NOT_ENCRYPTED.length()
            + "\r\n\r\n"
            + NOT_ENCRYPTED;
    wire.write(BufferData.create(answer.getBytes(StandardCharsets.US_ASCII)));
    endOutput.run();
    // A socket that is closed with unread bytes is reset, and the client would lose the answer.
    int read = 0;
    for (byte[] rest = wire.get(); rest != null && read < MAX_PLAIN; rest = wire.get()) {
      read += rest.length;
    }
  }

  /** Takes the next bytes of the wire; false at its end. */
  private boolean receive() {
    byte[] more = wire.get();
    if (more == null) {
      return false;
    }
    byte[] all = new byte[sealed.remaining() + more.length];
    int kept = sealed.remaining();
    sealed.get(all, 0, kept);
    System.arraycopy(more, 0, all, kept, more.length);
    sealed = ByteBuffer.wrap(all);
    return true;
  }

  /**
   * The next bytes of the client.
   *
   * @return null if it has left, or broken what was agreed on
   */
  @Override
  public byte @Nullable [] get() {
    try {
      while (true) {
        ByteBuffer plain = ByteBuffer.allocate(sealed.hasRemaining() ? plainSize() : 0);
        SSLEngineResult result = engine.unwrap(sealed, plain);
        if (result.getHandshakeStatus() == HandshakeStatus.NEED_TASK) {
          throw new SSLException("The client wants to negotiate again");
        }
        if (plain.position() > 0) {
          emptyRecords = 0;
          return Arrays.copyOf(plain.array(), plain.position());
        }
        if (result.getStatus() == SSLEngineResult.Status.CLOSED) {
          return null;
        }
        if (result.getStatus() == SSLEngineResult.Status.BUFFER_UNDERFLOW) {
          if (!receive()) {
            return null;
          }
        } else if (++emptyRecords > MAX_EMPTY_RECORDS) {
          throw new SSLException("Too many records without data");
        }
        if (result.getHandshakeStatus() == HandshakeStatus.NEED_WRAP) {
          answer();
        }
      }
    } catch (SSLException broken) {
      LOGGER.log(System.Logger.Level.TRACE, "A client has broken TLS", broken);
      sendAlert();
      return null;
    }
  }

  /** Sends what the protocol itself has to say, such as new keys. */
  private void answer() throws SSLException {
    writing.lock();
    try {
      while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && wrap(NOTHING).bytesProduced() > 0) {}
    } finally {
      writing.unlock();
    }
  }

  /** Tells the client what is wrong, unless it does not read. */
  private void sendAlert() {
    if (!writing.tryLock()) {
      return;
    }
    try {
      while (engine.getHandshakeStatus() == HandshakeStatus.NEED_WRAP && wrap(NOTHING).bytesProduced() > 0) {}
    } catch (SSLException | UncheckedIOException gone) {
      LOGGER.log(System.Logger.Level.TRACE, "Telling a client what is wrong", gone);
    } finally {
      writing.unlock();
    }
  }

  private int plainSize() {
    return engine.getSession().getApplicationBufferSize();
  }

  /** Encrypts and writes one record. Holders of {@link #writing} only, or before anything else is written. */
  private SSLEngineResult wrap(ByteBuffer plain) throws SSLException {
    ByteBuffer out = ByteBuffer.allocate(engine.getSession().getPacketBufferSize());
    SSLEngineResult result = engine.wrap(plain, out);
    if (out.position() > 0) {
      wire.write(BufferData.create(out.array(), 0, out.position()));
    }
    return result;
  }

  @Override
  public void write(BufferData buffer) {
    ByteBuffer plain = ByteBuffer.wrap(buffer.readBytes());
    writing.lock();
    try {
      while (plain.hasRemaining()) {
        SSLEngineResult result = wrap(plain);
        if (result.getStatus() == SSLEngineResult.Status.CLOSED || result.bytesProduced() == 0) {
          throw new ClosedChannelException();
        }
      }
    } catch (IOException failed) {
      throw new UncheckedIOException(failed);
    } finally {
      writing.unlock();
    }
  }

  /**
   * Tells the client that nothing more comes, so that it can tell the end of an answer from a broken connection. What it sends can still be read.
   *
   * @throws UncheckedIOException if the client has left
   */
  void endOutput() {
    writing.lock();
    try {
      engine.closeOutbound();
      while (!engine.isOutboundDone() && wrap(NOTHING).bytesProduced() > 0) {}
    } catch (SSLException failed) {
      throw new UncheckedIOException(failed);
    } finally {
      writing.unlock();
    }
  }

  @Override
  public void close() {
    wire.close();
  }

  @Override
  public void idle() {
    wire.idle();
  }

  @Override
  public boolean isConnected() {
    return wire.isConnected();
  }

  @Override
  @SuppressWarnings("removal")
  public int read(BufferData buffer) {
    throw new UnsupportedOperationException("It is read by get");
  }

  @Override
  public boolean protocolNegotiated() {
    return true;
  }

  /** What was agreed on by ALPN: {@code h2}, {@code http/1.1}, or nothing. */
  @Override
  public String protocol() {
    String agreed = engine.getApplicationProtocol();
    return agreed == null ? "" : agreed;
  }

  @Override
  public PeerInfo remotePeer() {
    return wire.remotePeer();
  }

  @Override
  public PeerInfo localPeer() {
    return wire.localPeer();
  }

  @Override
  public boolean isSecure() {
    return true;
  }

  @Override
  public String socketId() {
    return wire.socketId();
  }

  @Override
  public String childSocketId() {
    return wire.childSocketId();
  }
}
