package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.concurrency.limits.FixedLimit;
import io.helidon.common.socket.NioSocket;
import io.helidon.common.socket.SocketWriter;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

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
 * the write timeout.
 */
public final class ClientConnection {
  private static final System.Logger LOGGER = System.getLogger(ClientConnection.class.getName());
  private static final ScopedValue<ClientConnection> CURRENT = ScopedValue.newInstance();
  private static final AtomicLong NUMBERS = new AtomicLong();

  /** How long a connection that the server ends is still read, so that the peer gets the last bytes instead of a reset. */
  private static final Duration LINGER = Duration.ofSeconds(1);

  /** {@link RequestFramer} enforces the limits of a head, so Helidon's need only be larger. */
  private static final int MAX_HEAD = 2 * (RequestFramer.MAX_REQUEST_LINE + RequestFramer.MAX_HEADERS);

  private static final ServerConnectionSelector HTTP1 =
      Http1ConnectionSelector.builder()
          .config(Http1Config.builder().maxPrologueLength(MAX_HEAD).maxHeadersSize(MAX_HEAD).build())
          .build();

  private final SocketChannel channel;
  private final ServerConnection http;
  private final PeerReader reader;
  private final RequestFramer framer;
  private final StallClock stall;
  private final Duration stallLimit;
  private final boolean localSocket;

  /** Only the connection's own thread uses it. */
  private boolean ending;

  private ClientConnection(
      SocketChannel channel,
      ServerConnection http,
      PeerReader reader,
      RequestFramer framer,
      StallClock stall,
      Duration stallLimit,
      boolean localSocket) {
    this.channel = channel;
    this.http = http;
    this.reader = reader;
    this.framer = framer;
    this.stall = stall;
    this.stallLimit = stallLimit;
    this.localSocket = localSocket;
  }

  /** A connection on a channel that was accepted; it owns the channel. */
  static ClientConnection on(SocketChannel channel, Listener.HelidonParts parts, ConnectionLimits limits)
      throws IOException {
    String name = Long.toString(NUMBERS.incrementAndGet());
    NioSocket socket = NioSocket.server(channel, name, "panallama");
    PeerReader reader = new PeerReader(socket, limits, name);
    StallClock stall = new StallClock(SocketWriter.create(socket));
    AnswerShaper writer = new AnswerShaper(stall);
    RequestFramer framer =
        new RequestFramer(
            reader,
            limits.maxBodyBytes(),
            bytes -> stall.writeNow(BufferData.create(bytes)),
            writer::begin,
            authority(channel));
    ServerConnection http = HTTP1.connection(new HelidonContext(socket, parts, DataReader.create(framer), writer));
    boolean localSocket = channel.getLocalAddress() instanceof UnixDomainSocketAddress;
    return new ClientConnection(channel, http, reader, framer, stall, limits.write(), localSocket);
  }

  /** RFC 9112, 3.3: a request of HTTP/1.0 without a host asks for the address that it was sent to. */
  private static String authority(SocketChannel channel) throws IOException {
    if (!(channel.getLocalAddress() instanceof InetSocketAddress own)) {
      return "localhost";
    }
    String address = own.getAddress().getHostAddress().replaceFirst("%.*", "");
    String host =
        own.getAddress().isLoopbackAddress() ? "localhost" : address.contains(":") ? "[" + address + "]" : address;
    return host + ":" + own.getPort();
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

  /**
   * Does work that waits, on this thread, and interrupts it if the client leaves.
   *
   * @param alsoOn gets what interrupts the work, for other reasons to end it
   */
  <T> T whileWanted(Consumer<Runnable> alsoOn, Supplier<T> work) {
    Interruption interruption = new Interruption();
    alsoOn.accept(interruption::happen);
    try (Watch _ = whenGone(interruption::happen)) {
      return work.get();
    } finally {
      interruption.end();
    }
  }

  /** Interrupts the thread that made it, until it has ended. */
  private static final class Interruption {
    private final Thread thread = Thread.currentThread();
    private boolean happened;
    private boolean ended;

    synchronized void happen() {
      if (!ended) {
        happened = true;
        thread.interrupt();
      }
    }

    /** From now on nothing happens, and the thread does not stay interrupted on this account. */
    synchronized void end() {
      ended = true;
      if (happened) {
        Thread.interrupted();
      }
    }
  }

  /** The name of the current request, by which client and log can refer to it. */
  String requestId() {
    return framer.requestId();
  }

  /** The head of the current request as far as it has been read; null before that. */
  @Nullable RequestHead requestHead() {
    return framer.requestHead();
  }

  /** Whether the client is connected by a Unix domain socket: no browser can be. */
  boolean isLocalSocket() {
    return localSocket;
  }

  /** Whether the client has left. */
  public boolean gone() {
    return reader.gone();
  }

  /** Makes the current answer the connection's last. */
  void endAfterAnswer() {
    ending = true;
  }

  /**
   * Whether the current answer has to be the connection's last, because {@link #endAfterAnswer} says so or the client waits for leave
   * to send a body that is not wanted.
   */
  boolean mustClose() {
    return ending || framer.mustClose();
  }

  /**
   * Tells the connection that the current request has been answered: the next byte begins a new one.
   *
   * @param last whether this was the connection's last one: either side sent {@code Connection: close}, which Helidon
   *     writes but does not act on
   */
  void requestDone(boolean last) {
    boolean ends = last || mustClose();
    framer.requestDone(ends);
    if (ends) {
      http.close(false);
    }
  }

  /** Answers requests until either side ends the connection, and closes it. */
  void run() {
    reader.start();
    try {
      ScopedValue.where(CURRENT, this)
          .call(() -> {
            http.handle(FixedLimit.create());
            return null;
          });
    } catch (CloseConnectionException | UncheckedIOException ended) {
      LOGGER.log(System.Logger.Level.TRACE, "A connection ended", ended);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException fault) {
      LOGGER.log(System.Logger.Level.ERROR, "A connection failed", fault);
    } finally {
      endAnswers();
      reader.finish(LINGER);
      cut();
    }
  }

  /** Tells the client that there will be no further answer. */
  private void endAnswers() {
    try {
      channel.shutdownOutput();
    } catch (IOException gone) {
      LOGGER.log(System.Logger.Level.TRACE, "Closing a connection that is broken", gone);
    }
  }

  /** Whether no request is being sent or answered. */
  boolean idle() {
    PeerReader.Silence silence = reader.silence();
    return silence != null && silence.idle();
  }

  /** How long the client has been late with bytes that it has to send; zero while it is not its turn. */
  Duration silentFor() {
    PeerReader.Silence silence = reader.silence();
    return silence == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - silence.since());
  }

  /** Ends the connection after the request that is being answered, or at once if there is none. */
  void finish() {
    http.close(false);
  }

  /** Closes the connection at once, which breaks a write that its client does not read. */
  void cut() {
    try {
      channel.close();
    } catch (IOException alreadyBroken) {
      LOGGER.log(System.Logger.Level.TRACE, "Closing a connection that is broken", alreadyBroken);
    }
  }

  /** Closes the connection if its client has not read for too long; the write that waits for it then fails. */
  void cutIfStalled() {
    if (stall.stalledFor().compareTo(stallLimit) > 0) {
      cut();
    }
  }

  /** A registration of {@link #whenGone}; closing it removes the action. */
  public interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
