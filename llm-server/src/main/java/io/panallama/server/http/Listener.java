package io.panallama.server.http;

import io.helidon.common.context.Context;
import io.helidon.http.encoding.ContentEncodingContext;
import io.helidon.http.media.MediaContext;
import io.helidon.webserver.ErrorHandling;
import io.helidon.webserver.ListenerConfig;
import io.helidon.webserver.ListenerContext;
import io.helidon.webserver.Router;
import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.HttpRouting;
import io.panallama.server.tls.ServerCertificate;
import java.io.IOException;
import java.net.StandardSocketOptions;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.ClosedSelectorException;
import java.nio.channels.SelectionKey;
import java.nio.channels.Selector;
import java.nio.channels.ServerSocketChannel;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import java.util.Comparator;
import java.util.Iterator;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import org.jspecify.annotations.Nullable;

/**
 * Accepts connections and lets Helidon answer the requests on them.
 *
 * <p>Helidon's own listener stops for good, with all its connections, when a connection can't be accepted, as happens when the
 * process has no file descriptor left. This one logs it, makes room, and goes on. It makes room, too, when there are as many
 * connections as it may have: it closes the one that has been idle longest, or else the one that has been sending its
 * request longest. Connections whose request is being answered are never closed for that.
 *
 * <p>Lifetime: it listens from {@link #open} to {@link #close}. Safe for use by several threads.
 */
public final class Listener implements AutoCloseable {
  private static final System.Logger LOGGER = System.getLogger(Listener.class.getName());

  /** How long a connection must have been silent to make room for another. */
  private static final Duration SILENT = Duration.ofSeconds(1);

  /** How long the listener waits before it tries again. */
  private static final Duration RETRY = Duration.ofMillis(100);

  /** The least time between two log lines about connections that can't be accepted. */
  private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

  /** How often the listener looks for connections whose client does not read. */
  private static final Duration STALL_CHECK = Duration.ofSeconds(1);

  /** How often the listener looks whether the certificate was replaced. */
  private static final Duration CERTIFICATE_CHECK = Duration.ofSeconds(1);

  /**
   * How much of an answer the system keeps for a client that does not read, in bytes; Linux doubles it for its own needs. By itself
   * Linux takes 2.8 MB over loopback (measured), minutes of a stream of tokens, before a write has to wait and {@link StallClock} sees it;
   * with this 0.2 MB.
   */
  private static final int SEND_BUFFER = 64 << 10;

  /** How long connections may take to end by themselves, and then by force, when the listener is closed. */
  private static final Duration FAREWELL = Duration.ofMillis(200);

  private final ServerSockets sockets;
  private final Selector selector;
  private final HelidonParts helidon;
  private final ConnectionLimits limits;
  private final @Nullable ServerCertificate certificate;
  private final Semaphore places;

  /** One for each connection that has ended, until the acceptor takes them. */
  private final Semaphore ended = new Semaphore(0);

  private final Set<ClientConnection> connections = ConcurrentHashMap.newKeySet();
  private final CountDownLatch closing = new CountDownLatch(1);
  private final int port;
  private final Thread acceptor;
  private final Thread stallWatch;
  private final Thread certificateWatch;
  private long lastLogged = System.nanoTime() - LOG_INTERVAL.toNanos();

  private Listener(
      ServerSockets sockets,
      Selector selector,
      HelidonParts helidon,
      ConnectionLimits limits,
      @Nullable ServerCertificate certificate) {
    this.sockets = sockets;
    this.selector = selector;
    this.helidon = helidon;
    this.limits = limits;
    this.certificate = certificate;
    this.port = sockets.port();
    this.places = new Semaphore(limits.connections());
    this.acceptor = Thread.ofPlatform().name("panallama-accept").unstarted(this::acceptAll);
    this.stallWatch = Thread.ofVirtual().name("panallama-stall-watch").unstarted(this::watchStalls);
    this.certificateWatch = Thread.ofVirtual().name("panallama-certificate-watch").unstarted(this::watchCertificate);
  }

  /**
   * Starts to accept connections on these sockets, which it then owns.
   *
   * @param certificate by which connections are encrypted, but for those of Unix domain sockets; null if they are not
   * @throws IOException if the process has no file descriptor left
   */
  public static Listener open(
      ServerSockets sockets,
      ConnectionLimits limits,
      Routes routes,
      HttpRouting.Builder routing,
      DirectHandlers outsideRoutes,
      @Nullable ServerCertificate certificate)
      throws IOException {
    Selector selector = Selector.open();
    try {
      for (ServerSocketChannel channel : sockets.channels()) {
        channel.configureBlocking(false);
        channel.register(selector, SelectionKey.OP_ACCEPT);
      }
    } catch (IOException | RuntimeException refused) {
      selector.close();
      throw refused;
    }
    HelidonParts helidon = new HelidonParts(routes::bodyLimit, routing, outsideRoutes);
    Listener listener = new Listener(sockets, selector, helidon, limits, certificate);
    listener.helidon.router().beforeStart();
    listener.acceptor.start();
    listener.stallWatch.start();
    if (certificate != null) {
      listener.certificateWatch.start();
    }
    return listener;
  }

  /** The port on which it listens; -1 if it listens on Unix domain sockets only. */
  public int port() {
    return port;
  }

  /** How many connections are open. */
  public int connections() {
    return connections.size();
  }

  /** Stops accepting, and ends all connections: idle ones at once, others after a moment. Repeating it is harmless. */
  @Override
  public void close() {
    closing.countDown();
    // A socket that is registered goes on listening until its selector is closed as well.
    sockets.close();
    try {
      selector.close();
    } catch (IOException failed) {
      LOGGER.log(System.Logger.Level.DEBUG, "Closing the server's selector", failed);
    }
    connections.forEach(ClientConnection::finish);
    boolean interrupted = !awaitEnd();
    connections.forEach(ClientConnection::cut);
    interrupted |= !awaitEnd();
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
    helidon.close();
  }

  /** Waits a moment for the connections to end; false if interrupted. */
  private boolean awaitEnd() {
    try {
      if (places.tryAcquire(limits.connections(), FAREWELL.toNanos(), TimeUnit.NANOSECONDS)) {
        places.release(limits.connections());
      }
      return true;
    } catch (InterruptedException hurry) {
      return false;
    }
  }

  private void acceptAll() {
    try {
      while (closing.getCount() > 0) {
        boolean started = false;
        boolean place = false;
        try {
          ServerSocketChannel server = awaitClient();
          place = takePlace();
          SocketChannel channel = place ? server.accept() : null;
          if (channel != null) {
            start(channel);
            started = true;
          }
        } catch (ClosedChannelException | ClosedSelectorException closed) {
          return;
        } catch (IOException | RuntimeException | Error refused) {
          explain(refused);
          ended.drainPermits();
          makeRoom();
          ended.tryAcquire(RETRY.toNanos(), TimeUnit.NANOSECONDS);
        } finally {
          if (place && !started) {
            places.release();
          }
        }
      }
    } catch (InterruptedException interrupted) {
      Thread.currentThread().interrupt();
    }
  }

  /** Waits for a client at any of the sockets. Only the acceptor's thread uses it. */
  private ServerSocketChannel awaitClient() throws IOException {
    while (selector.selectedKeys().isEmpty()) {
      selector.select();
    }
    Iterator<SelectionKey> ready = selector.selectedKeys().iterator();
    ServerSocketChannel server = (ServerSocketChannel) ready.next().channel();
    ready.remove();
    return server;
  }

  /** Takes a place for the client that waits; false if the listener is being closed. */
  private boolean takePlace() throws InterruptedException {
    while (closing.getCount() > 0) {
      if (places.tryAcquire()) {
        return true;
      }
      makeRoom();
      if (places.tryAcquire(RETRY.toNanos(), TimeUnit.NANOSECONDS)) {
        return true;
      }
    }
    return false;
  }

  /** Cuts a connection whose client owes it bytes; nothing happens if there is none. */
  private void makeRoom() {
    Optional<ClientConnection> silent =
        connections.stream()
            .filter(connection -> connection.silentFor().compareTo(SILENT) > 0)
            .max(Comparator.comparing(ClientConnection::idle).thenComparing(ClientConnection::silentFor));
    silent.ifPresent(ClientConnection::cut);
  }

  private void explain(Throwable refused) {
    long now = System.nanoTime();
    if (now - lastLogged >= LOG_INTERVAL.toNanos()) {
      lastLogged = now;
      LOGGER.log(
          System.Logger.Level.WARNING,
          "A connection can't be accepted: "
              + refused.getMessage()
              + ". The server keeps trying and has "
              + connections.size()
              + " connections; if files are the limit, raise it (ulimit -n), or allow fewer connections"
              + " (--max-connections).");
    }
  }

  /** Starts a connection, which releases its place when it ends. */
  private void start(SocketChannel channel) throws IOException {
    ClientConnection connection = null;
    try {
      if (channel.supportedOptions().contains(StandardSocketOptions.TCP_NODELAY)) {
        channel.setOption(StandardSocketOptions.TCP_NODELAY, true);
        channel.setOption(StandardSocketOptions.SO_SNDBUF, SEND_BUFFER);
      }
      ClientConnection begun = ClientConnection.on(channel, helidon, limits, places, certificate);
      connection = begun;
      connections.add(begun);
      if (closing.getCount() == 0) {
        begun.finish();
      }
      Thread.ofVirtual().name("panallama-connection").start(() -> run(begun));
    } catch (IOException | RuntimeException | Error broken) {
      if (connection != null) {
        connections.remove(connection);
      }
      channel.close();
      throw broken;
    }
  }

  private void run(ClientConnection connection) {
    try {
      connection.run();
    } finally {
      connections.remove(connection);
      places.release();
      ended.release();
    }
  }

  private void watchStalls() {
    try {
      while (!closing.await(STALL_CHECK.toNanos(), TimeUnit.NANOSECONDS)) {
        cutStalled();
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private void watchCertificate() {
    try {
      while (certificate != null && !closing.await(CERTIFICATE_CHECK.toNanos(), TimeUnit.NANOSECONDS)) {
        look(certificate);
      }
    } catch (InterruptedException ended) {
      Thread.currentThread().interrupt();
    }
  }

  private static void look(ServerCertificate watched) {
    try {
      watched.look();
    } catch (RuntimeException | Error fault) {
      Faults.tell("A look at the server's certificate has failed", fault);
    }
  }

  private void cutStalled() {
    try {
      connections.forEach(ClientConnection::cutIfStalled);
    } catch (RuntimeException | Error fault) {
      Faults.tell("A look for clients that do not read their answers has failed", fault);
    }
  }

  /** What Helidon's connections need from their listener. */
  static final class HelidonParts implements ListenerContext {
    private final Context context = Context.builder().id("panallama").build();
    private final MediaContext mediaContext = MediaContext.create();
    private final ContentEncodingContext contentEncodingContext = ContentEncodingContext.create();
    private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
    private final DirectHandlers directHandlers;
    private final Router router;
    private final ListenerConfig config;
    private final BodyLimit.Source bodyLimits;

    HelidonParts(BodyLimit.Source bodyLimits, HttpRouting.Builder routing, DirectHandlers directHandlers) {
      this.bodyLimits = bodyLimits;
      this.directHandlers = directHandlers;
      this.router = Router.builder().addRouting(routing).build();
      this.config =
          ListenerConfig.builder()
              // Events are written whole; a buffer would only copy them.
              .writeBufferSize(0)
              .protocolsDiscoverServices(false)
              .errorHandling(ErrorHandling.builder().includeEntity(true).build())
              .buildPrototype();
    }

    /** Tells the largest body of a request, which {@link RequestFramer} enforces: Helidon's own limit is the same for all. */
    BodyLimit.Source bodyLimits() {
      return bodyLimits;
    }

    void close() {
      router.afterStop();
      executor.shutdownNow();
    }

    Router router() {
      return router;
    }

    @Override
    public Context context() {
      return context;
    }

    @Override
    public MediaContext mediaContext() {
      return mediaContext;
    }

    @Override
    public ContentEncodingContext contentEncodingContext() {
      return contentEncodingContext;
    }

    @Override
    public DirectHandlers directHandlers() {
      return directHandlers;
    }

    @Override
    public ListenerConfig config() {
      return config;
    }

    @Override
    public ExecutorService executor() {
      return executor;
    }
  }
}
