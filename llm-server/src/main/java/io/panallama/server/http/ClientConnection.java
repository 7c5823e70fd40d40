package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.Limit;
import io.helidon.common.task.InterruptableTask;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * A client's connection, which notices at once when the client disconnects.
 *
 * <p>Helidon reads a connection only while it expects a request, so a client that disconnects during a long
 * generation is noticed at the next write at best, and never while the request waits in a queue. Here a {@link PeerReader} keeps
 * reading on a virtual thread of its own; Helidon's connection takes its bytes from there, through a {@link RequestFramer}. An end of
 * stream or a reset that the reader sees means that the client has left.
 *
 * <p>Limits. A client that closes only its sending side counts as disconnected, as in Go's net/http. A client that pipelines
 * further requests behind a running one is watched only until {@link PeerReader} has a chunk of them in hand. A peer
 * that vanishes without a packet (power cut, pulled cable) is noticed when writes stop being acknowledged or stall for
 * the idle timeout.
 */
public final class ClientConnection implements ServerConnection, InterruptableTask<Void> {
  private static final System.Logger LOGGER = System.getLogger(ClientConnection.class.getName());
  private static final ScopedValue<ClientConnection> CURRENT = ScopedValue.newInstance();

  /** How long a connection that the server ends is still read, so that the peer gets the last bytes instead of a reset. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  private static final byte[] CONTINUE = "HTTP/1.1 100 Continue\r\n\r\n".getBytes(StandardCharsets.US_ASCII);

  private final ConnectionContext context;
  private final ServerConnection http;
  private final PeerReader reader;
  private final RequestFramer framer;
  private final StallClock stall;
  private final Duration stallLimit;

  private ClientConnection(
      ConnectionContext context,
      ServerConnection http,
      PeerReader reader,
      RequestFramer framer,
      StallClock stall,
      Duration stallLimit) {
    this.context = context;
    this.http = http;
    this.reader = reader;
    this.framer = framer;
    this.stall = stall;
    this.stallLimit = stallLimit;
  }

  static ClientConnection around(ConnectionContext context, ServerConnectionSelector http1, ConnectionLimits limits) {
    PeerReader reader = new PeerReader(context.serverSocket(), limits, context.childSocketId());
    StallClock stall = new StallClock(context.dataWriter());
    BodilessWriter writer = new BodilessWriter(stall);
    RequestFramer framer =
        new RequestFramer(
            reader, limits.maxBodyBytes(), () -> stall.writeNow(BufferData.create(CONTINUE)), writer::begin);
    ServerConnection http = http1.connection(new WatchedContext(context, DataReader.create(framer), writer));
    return new ClientConnection(context, http, reader, framer, stall, limits.idle());
  }

  /**
   * The connection whose request this thread handles.
   *
   * @throws java.util.NoSuchElementException if the thread handles none
   */
  public static ClientConnection current() {
    return CURRENT.get();
  }

  /**
   * Runs {@code action} once if the client leaves before the result is closed; at once if it has left already. The action
   * runs on the reader's thread and must not block.
   */
  public Watch whenGone(Runnable action) {
    return reader.whenGone(action);
  }

  /** Whether the client has left. */
  public boolean gone() {
    return reader.gone();
  }

  /** Whether the current answer has to be the connection's last: the client waits for leave to send a body that is not wanted. */
  boolean mustClose() {
    return framer.mustClose();
  }

  /**
   * Tells the connection that the current request has been answered: the next byte begins a new one.
   *
   * @param last whether this was the connection's last one: either side sent {@code Connection: close}, which Helidon
   *     writes but does not act on
   */
  public void requestDone(boolean last) {
    framer.requestDone();
    if (last || framer.mustClose()) {
      http.close(false);
    }
  }

  @Override
  public void handle(Limit limit) throws InterruptedException {
    reader.start();
    try {
      ScopedValue.where(CURRENT, this)
          .call(() -> {
            http.handle(limit);
            return null;
          });
    } finally {
      reader.finish(LINGER);
    }
  }

  /** Read by Helidon's idle timer: only a stalled write counts here; {@link PeerReader} enforces the other limits. */
  @Override
  public Duration idleTime() {
    return stall.stalledFor();
  }

  /** Helidon calls this on shutdown, and when {@link #idleTime} is past the limit. */
  @Override
  public void close(boolean interrupt) {
    if (idleTime().compareTo(stallLimit) > 0) {
      cut();
    } else {
      http.close(interrupt);
    }
  }

  /** Breaks the write of a thread whose peer does not read. */
  private void cut() {
    try {
      context.serverSocket().close();
    } catch (UncheckedIOException alreadyClosed) {
      LOGGER.log(System.Logger.Level.TRACE, "Closing a stalled connection", alreadyClosed);
    }
  }

  /** True only while the connection waits for the next request. */
  @Override
  public boolean canInterrupt() {
    return http instanceof InterruptableTask<?> task && task.canInterrupt();
  }

  /** A registration of {@link #whenGone}; closing it removes the action. */
  public interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
