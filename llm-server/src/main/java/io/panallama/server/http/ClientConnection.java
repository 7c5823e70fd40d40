package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataReader;
import io.helidon.common.buffers.DataWriter;
import io.helidon.common.concurrency.limits.FixedLimit;
import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.SocketWriter;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import io.panallama.error.EmbeddingException;
import io.panallama.error.GenerationException;
import io.panallama.error.PanallamaException;
import io.panallama.server.tls.ServerCertificate;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A client's connection, or its stream of HTTP/2, which notices at once when the client disconnects.
 *
 * <p>Helidon reads a connection only while it expects a request, so a client that disconnects during a long
 * generation is noticed at the next write at best, and never while the request waits in a queue. Here a {@link PeerReader} keeps
 * reading on a virtual thread of its own; Helidon's connection takes its bytes from there, through a {@link RequestFramer}. An end of
 * stream or a reset that the reader sees means that the client has left.
 *
 * <p>Limits. A client that closes its sending side counts as disconnected, even if it still reads: the end of stream is the same as
 * that of a client that has closed both, and a generation that nobody reads would go on. Go's net/http, Node, nginx in front of an upstream and
 * llama-server decide alike. A request that ends so while it is prepared or generated gets no answer. A client that pipelines
 * further requests behind a running one is watched only until {@link PeerReader} has a chunk of them in hand. A peer
 * that vanishes without a packet (power cut, pulled cable) is noticed when writes stop being acknowledged or stall for
 * the write timeout.
 */
public final class ClientConnection {
  private static final System.Logger LOGGER = System.getLogger(ClientConnection.class.getName());
  private static final ScopedValue<ClientConnection> CURRENT = ScopedValue.newInstance();
  private static final AtomicLong NUMBERS = new AtomicLong();

  /** {@link RequestFramer} enforces the limits of a head, so Helidon's need only be larger. */
  private static final int MAX_HEAD = 2 * (RequestFramer.MAX_REQUEST_LINE + RequestFramer.MAX_HEADERS);

  private static final ServerConnectionSelector HTTP1 =
      Http1ConnectionSelector.builder()
          .config(Http1Config.builder().maxPrologueLength(MAX_HEAD).maxHeadersSize(MAX_HEAD).build())
          .build();

  private final Carrier carrier;
  private final Listener.HelidonParts parts;
  private final ConnectionLimits limits;
  private final Semaphore places;
  private final ServerConnection http;
  private final PeerReader reader;
  private final RequestFramer framer;
  private final StallClock stall;
  private final AnswerShaper writer;

  /** {@link System#nanoTime} when the connection began. */
  private final long began = System.nanoTime();

  /** Whether {@link Carrier#begin} is done. */
  private volatile boolean ready;

  /** Only the connection's own thread uses it. */
  private boolean ending;

  /** What goes on with the connection since its client speaks HTTP/2; null until then. */
  private volatile @Nullable Http2Connection http2;

  /** Whether {@link #finish} was called. */
  private volatile boolean finishing;

  /** What is recorded of the current request; null if nothing is. Only the connection's own thread uses it. */
  private @Nullable RequestFlight flight;

  private ClientConnection(
      Carrier carrier, String name, Listener.HelidonParts parts, ConnectionLimits limits, Semaphore places) {
    this.carrier = carrier;
    this.parts = parts;
    this.limits = limits;
    this.places = places;
    HelidonSocket socket = carrier.socket();
    reader = new PeerReader(socket, limits, name);
    stall = new StallClock(SocketWriter.create(socket));
    AnswerShaper shaper = new AnswerShaper(stall);
    writer = shaper;
    boolean stream = carrier.isStream();
    framer =
        new RequestFramer(
            reader,
            parts.bodyLimits(),
            bytes -> stall.writeNow(BufferData.create(bytes)),
            form ->
                shaper.begin(stream && form == AnswerShaper.Form.AS_IT_IS ? AnswerShaper.Form.WITHOUT_CHUNKS : form),
            carrier.authority(),
            !stream);
    http = HTTP1.connection(new HelidonContext(socket, parts, DataReader.create(framer), writer));
  }

  /**
   * A connection on a channel that was accepted; it owns the channel.
   *
   * @param places one for each connection and stream that there may be; the connection has one
   * @param certificate by which it encrypts; null if it does not
   */
  static ClientConnection on(
      SocketChannel channel,
      Listener.HelidonParts parts,
      ConnectionLimits limits,
      Semaphore places,
      @Nullable ServerCertificate certificate)
      throws IOException {
    String name = Long.toString(NUMBERS.incrementAndGet());
    return new ClientConnection(new SocketCarrier(channel, name, certificate), name, parts, limits, places);
  }

  /** A connection on a stream of HTTP/2. */
  static ClientConnection on(
      Http2Stream stream, String name, Listener.HelidonParts parts, ConnectionLimits limits, Semaphore places) {
    return new ClientConnection(stream, name, parts, limits, places);
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
   * @throws CloseConnectionException if the client has left and the work ended because of that
   * @param alsoOn gets what interrupts the work, for other reasons to end it
   */
  <T> T whileWanted(Consumer<Runnable> alsoOn, Supplier<T> work) {
    Interruption interruption = new Interruption();
    alsoOn.accept(interruption::happen);
    try (Watch _ = whenGone(interruption::happen)) {
      return work.get();
    } catch (GenerationException | EmbeddingException ended) {
      if (gone() && isInterrupted(ended)) {
        throw new CloseConnectionException("The client is gone", ended);
      }
      throw ended;
    } finally {
      interruption.end();
    }
  }

  private static boolean isInterrupted(PanallamaException ended) {
    return switch (ended) {
      case GenerationException generation -> generation.reason() == GenerationException.Reason.INTERRUPTED;
      case EmbeddingException embedding -> embedding.reason() == EmbeddingException.Reason.INTERRUPTED;
      default -> false;
    };
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

  /** What is recorded of the current request; null if nothing is. Connection's own thread only. */
  @Nullable RequestFlight flight() {
    return flight;
  }

  /** A request begins or, with null, has been recorded. Connection's own thread only. */
  void flight(@Nullable RequestFlight recorded) {
    flight = recorded;
  }

  /** The head of the current request as far as it has been read; null before that. */
  @Nullable RequestHead requestHead() {
    return framer.requestHead();
  }

  /** Whether the current request is a HEAD, whose answer has no body. */
  boolean asksForHead() {
    RequestHead head = requestHead();
    return head != null && head.headOnly();
  }

  /** How large the body of the current request may be. */
  BodyLimit bodyLimit() {
    return framer.bodyLimit();
  }

  /** Where Helidon writes the current answer. */
  DataWriter writer() {
    return writer;
  }

  /** Whether the client is connected by a Unix domain socket: no browser can be. */
  boolean isLocalSocket() {
    return carrier.isLocalSocket();
  }

  /** Whether it is a stream of HTTP/2. */
  boolean isStream() {
    return carrier.isStream();
  }

  /** Whether the client has left. */
  public boolean gone() {
    return reader.gone();
  }

  /** Leaves the length out of the current answer, which has no body and is yet to be written. */
  void leaveOutLength() {
    writer.leaveOutLength();
  }

  /** Makes the current answer the connection's last. */
  void endAfterAnswer() {
    ending = true;
  }

  /** Makes the current answer the connection's last, because the server is shutting down. */
  void drain() {
    endAfterAnswer();
    carrier.drain();
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
    if (!begin()) {
      cut();
      return;
    }
    try {
      reader.start();
      answerAll();
    } catch (CloseConnectionException | UncheckedIOException ended) {
      LOGGER.log(System.Logger.Level.TRACE, "A connection ended", ended);
    } catch (InterruptedException stopped) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException fault) {
      LOGGER.log(System.Logger.Level.ERROR, "A connection failed", fault);
    } catch (Error fault) {
      Faults.tell("A connection was ended", fault);
    } finally {
      endAnswers();
      reader.finish(carrier.linger());
      cut();
    }
  }

  /** Does what comes before the first request; false if the connection is to end. */
  private boolean begin() {
    try {
      carrier.begin();
      ready = true;
      return true;
    } catch (IOException | UncheckedIOException ended) {
      LOGGER.log(System.Logger.Level.DEBUG, "A connection ended before its first request: " + ended.getMessage());
    } catch (RuntimeException | Error fault) {
      Faults.tell("A connection was ended before its first request", fault);
    }
    return false;
  }

  private void answerAll() throws InterruptedException {
    try {
      ScopedValue.where(CURRENT, this)
          .call(() -> {
            http.handle(FixedLimit.create());
            return null;
          });
    } catch (Http2Begun begun) {
      Http2Connection next = new Http2Connection(carrier, reader, stall, parts, limits, places, begun);
      http2 = next;
      if (finishing) {
        next.drain();
      }
      next.run();
    }
  }

  /** Tells the client that there will be no further answer. */
  private void endAnswers() {
    try {
      stall.timed(() -> carrier.endOutput(writer.isComplete()));
    } catch (UncheckedIOException gone) {
      LOGGER.log(System.Logger.Level.TRACE, "Ending a connection that is broken", gone);
    }
  }

  /** Whether no request is being sent or answered. */
  boolean idle() {
    if (!ready) {
      return true;
    }
    PeerReader.Silence silence = reader.silence();
    return silence != null && silence.idle();
  }

  /** How long the client has been late with bytes that it has to send; zero while it is not its turn. */
  Duration silentFor() {
    if (!ready) {
      return age();
    }
    PeerReader.Silence silence = reader.silence();
    Http2Connection streams = http2;
    if (silence == null && streams != null) {
      return streams.silentFor();
    }
    return silence == null ? Duration.ZERO : Duration.ofNanos(System.nanoTime() - silence.since());
  }

  private Duration age() {
    return Duration.ofNanos(System.nanoTime() - began);
  }

  /** Ends the connection after the request that is being answered, or at once if there is none. */
  void finish() {
    finishing = true;
    if (!ready) {
      cut();
    }
    Http2Connection streams = http2;
    if (streams == null) {
      http.close(false);
    } else {
      streams.drain();
    }
  }

  /** Closes the connection at once, which breaks a write that its client does not read. */
  void cut() {
    carrier.cut();
  }

  /**
   * Closes the connection, or those of its streams, whose client has not read for too long, or not begun in time; what waits for it then
   * fails.
   */
  void cutIfStalled() {
    if (!ready && age().compareTo(limits.request()) > 0) {
      cut();
    }
    if (stall.stalledFor().compareTo(limits.write()) > 0) {
      cut();
    }
    Http2Connection streams = http2;
    if (streams != null) {
      streams.cutStalled();
    }
  }

  /** A registration of {@link #whenGone}; closing it removes the action. */
  public interface Watch extends AutoCloseable {
    @Override
    void close();
  }
}
