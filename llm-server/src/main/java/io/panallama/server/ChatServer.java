package io.panallama.server;

import io.helidon.webserver.http.Filter;
import io.panallama.TextClassifier;
import io.panallama.TextEmbedder;
import io.panallama.TextGenerator;
import io.panallama.TextReranker;
import io.panallama.observe.EngineStats;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.admin.AdminDialect;
import io.panallama.server.dialect.anthropic.AnthropicDialect;
import io.panallama.server.dialect.files.FilesDialect;
import io.panallama.server.dialect.llamacpp.LlamaCppDialect;
import io.panallama.server.dialect.ollama.OllamaDialect;
import io.panallama.server.dialect.openai.OpenAiDialect;
import io.panallama.server.dialect.responses.ResponsesDialect;
import io.panallama.server.dialect.streams.StreamsDialect;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.PassageSearch;
import io.panallama.server.http.ConnectionLimits;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.http.KeyGuard;
import io.panallama.server.http.Listener;
import io.panallama.server.http.ObservingFilter;
import io.panallama.server.http.OpenFiles;
import io.panallama.server.http.RequestGuard;
import io.panallama.server.http.Routes;
import io.panallama.server.http.ServerSockets;
import io.panallama.server.keys.KeyAccounts;
import io.panallama.server.keys.KeyFile;
import io.panallama.server.keys.KeyUsage;
import io.panallama.server.keys.TokenVerifier;
import io.panallama.server.keys.WatchedKeys;
import io.panallama.server.leak.ServerProbe;
import io.panallama.server.metrics.ServerMetrics;
import io.panallama.server.oidc.IssuerTokens;
import io.panallama.server.openapi.ApiDescription;
import io.panallama.server.page.PageRoutes;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.RequestLimits;
import io.panallama.server.registry.RequestMeter;
import io.panallama.server.registry.ServedClassifier;
import io.panallama.server.registry.ServedEmbedder;
import io.panallama.server.registry.ServedEngine;
import io.panallama.server.registry.ServedModel;
import io.panallama.server.registry.ServedReranker;
import io.panallama.server.resume.ResumableStreams;
import io.panallama.server.resume.ResumeLimits;
import io.panallama.server.tls.ServerCertificate;
import io.panallama.server.tls.UnusableCertificateException;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.time.InstantSource;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A running HTTP server: OpenAI's, Anthropic's and Ollama's API, some of llama-server's routes, {@code /health}, {@code
 * /livez}, {@code /ready}, and the chat page at {@code /}.
 *
 * <p>Lifetime: it listens from {@link #start} to {@link #close}. It answers 503 until {@link #serve} gives it a model,
 * so that it can be up while a large model loads. It closes neither model nor engine; close it before them.
 *
 * <p>Safe for use by several threads.
 */
public final class ChatServer implements AutoCloseable {
  private final Listener listener;
  private final Registry registry;
  private final @Nullable ServerMetrics metrics;
  private final KeyAccounts accounts;
  private final ResumableStreams streams;
  private final List<String> hosts;
  private final List<String> openHosts;
  private final Duration grace;
  private final boolean encrypts;
  private final Observers observers;
  private final ServerConfig config;
  private final SharedServer shared;
  private final List<FrontEnd.Running> frontEnds = new CopyOnWriteArrayList<>();

  private ChatServer(
      Listener listener,
      ServerSockets sockets,
      SharedServer shared,
      @Nullable ServerMetrics metrics,
      KeyAccounts accounts,
      Observers observers,
      ResumableStreams streams,
      ServerConfig config) {
    this.config = config;
    this.shared = shared;
    this.accounts = accounts;
    this.observers = observers;
    this.streams = streams;
    this.listener = listener;
    this.registry = shared.registry();
    this.metrics = metrics;
    this.hosts = config.hosts();
    this.openHosts = sockets.openToOthers();
    this.grace = config.shutdownGrace();
    this.encrypts = config.tls().isPresent();
  }

  /** The dialects that it speaks. Errors outside of any dialect's routes have the first one's shape. */
  static List<Dialect> dialects(ServerConfig config) {
    return dialects(config, null, streams(config));
  }

  private static ResumableStreams streams(ServerConfig config) {
    ResumeLimits limits = new ResumeLimits(config.resumeTime(), config.resumeBufferBytes(), config.resumeMemoryBytes());
    return new ResumableStreams(limits, System::nanoTime);
  }

  private static List<Dialect> dialects(
      ServerConfig config, @Nullable ServerMetrics metrics, ResumableStreams streams) {
    AnthropicDialect anthropic = new AnthropicDialect();
    return List.of(
        new OpenAiDialect(config.verbose()),
        new ResponsesDialect(config.maxBodyBytes()),
        new LlamaCppDialect(
            metrics, config.endpoints().contains(Endpoint.SLOTS), config.endpoints().contains(Endpoint.PROPS)),
        anthropic,
        new OllamaDialect(),
        new FilesDialect(),
        new AdminDialect(config.endpoints().contains(Endpoint.ADMIN)),
        new StreamsDialect(streams, anthropic));
  }

  /**
   * Starts listening, without a model yet.
   *
   * @throws ServerStartException if the port is taken, a host is unknown or not of this machine, or the certificate can't be used
   * @throws io.panallama.server.keys.KeyFileException if the file of keys can't be used
   */
  public static ChatServer start(ServerConfig config) {
    return start(config, () -> {});
  }

  /**
   * Starts listening, without a model yet.
   *
   * @param bound called once the addresses are the server's, while it is still being put together: begins work that would be
   *     in vain if a port is taken, and that need not wait for the rest, such as the load of a model
   * @throws ServerStartException if the port is taken, a host is unknown or not of this machine, or the certificate can't be used
   * @throws io.panallama.server.keys.KeyFileException if the file of keys can't be used
   */
  public static ChatServer start(ServerConfig config, Runnable bound) {
    ServerMetrics metrics = config.endpoints().contains(Endpoint.METRICS) ? new ServerMetrics() : null;
    ResumableStreams streams = streams(config);
    if (metrics != null) {
      metrics.watch(streams);
    }
    return start(config, dialects(config, metrics, streams), metrics, streams, bound);
  }

  /** Starts listening for clients of these dialects, at least one. */
  static ChatServer start(ServerConfig config, List<Dialect> dialects) {
    return start(config, dialects, null, streams(config), () -> {});
  }

  private static ChatServer start(
      ServerConfig config,
      List<Dialect> dialects,
      @Nullable ServerMetrics metrics,
      ResumableStreams streams,
      Runnable bound) {
    Secrets secrets =
        new Secrets(
            config.tls().map(tls -> certificate(tls, config)).orElse(null),
            config.keyFile().map(file -> new WatchedKeys(new KeyFile(file), InstantSource.system())));
    Observers observers = observers(config);
    ServerSockets sockets = null;
    try {
      sockets = sockets(config);
      bound.run();
      return start(config, dialects, metrics, streams, sockets, secrets, observers);
    } catch (IOException failed) {
      close(sockets, observers);
      throw new ServerStartException(
          config.hosts().getFirst(), config.port(), "Can't listen: " + failed.getMessage() + ".", failed);
    } catch (RuntimeException | Error failed) {
      close(sockets, observers);
      throw failed;
    }
  }

  private static void close(@Nullable ServerSockets sockets, Observers observers) {
    if (sockets != null) {
      sockets.close();
    }
    observers.close();
  }

  private static Observers observers(ServerConfig config) {
    try {
      return Observers.of(config);
    } catch (IllegalArgumentException refused) {
      throw new ServerStartException(
          config.hosts().getFirst(), config.port(), String.valueOf(refused.getMessage()), refused);
    }
  }

  /** What clients and the server show one another, from files that are read before a port is opened. */
  private record Secrets(@Nullable ServerCertificate certificate, Optional<WatchedKeys> keys) {}

  private static ServerCertificate certificate(TlsConfig tls, ServerConfig config) {
    try {
      return ServerCertificate.open(tls.certificates(), tls.key());
    } catch (UnusableCertificateException unusable) {
      throw new ServerStartException(
          config.hosts().getFirst(), config.port(), "Can't encrypt: " + unusable.getMessage(), unusable);
    }
  }

  private static ChatServer start(
      ServerConfig config,
      List<Dialect> dialects,
      @Nullable ServerMetrics metrics,
      ResumableStreams streams,
      ServerSockets sockets,
      Secrets secrets,
      Observers observers)
      throws IOException {
    Registry registry =
        new Registry(
            new RequestLimits(config.maxMessages(), config.maxGrammarBytes(), config.maxRequestTime()),
            config.strictModelNames());
    registry.countWith(observers.meter(metrics == null ? RequestMeter.NONE : metrics));
    if (metrics != null) {
      observers.countDropped(metrics);
    }
    Routes routes =
        new Routes(registry, config.heartbeatInterval(), config.strictFields(), config.maxBodyBytes(), streams);
    dialects.forEach(routes::add);
    if (config.endpoints().contains(Endpoint.PAGE)) {
      new PageRoutes().paths().forEach(routes::openGet);
    }
    routes.openGet(ApiDescription.PATH, new ApiDescription(dialects));
    ConnectionLimits limits =
        new ConnectionLimits(
            OpenFiles.connections(config.maxConnections()),
            config.requestTimeout(),
            config.idleTimeout(),
            config.writeTimeout());
    RequestGuard guard =
        new RequestGuard(sockets.openToOthers().isEmpty(), config.allowedHosts(), config.allowedOrigins());
    ErrorBoundary boundary = new ErrorBoundary(routes, dialects.getFirst(), guard);
    KeyAccounts accounts = new KeyAccounts(System::nanoTime, InstantSource.system());
    // No method reference: it would have the classes of the issuer's tokens loaded.
    Optional<TokenVerifier> tokens =
        config.oidc().isPresent() ? Optional.of(IssuerTokens.open(config.oidc().get())) : Optional.empty();
    KeyGuard keyGuard = new KeyGuard(config.apiKeys(), secrets.keys(), tokens, accounts, routes, dialects.getFirst());
    List<Filter> filters = new ArrayList<>(List.of(guard, keyGuard));
    if (!observers.all().isEmpty()) {
      filters.addFirst(new ObservingFilter(routes, observers.all()));
    }
    Listener listener =
        Listener.open(
            sockets,
            limits,
            routes,
            routes.routing(filters, boundary),
            boundary.outsideRoutes(),
            secrets.certificate());
    if (metrics != null) {
      metrics.watch(new ServerProbe(registry, listener::connections));
    }
    SharedServer shared = new SharedServer(registry, keyGuard, secrets.certificate(), sockets);
    return new ChatServer(listener, sockets, shared, metrics, accounts, observers, streams, config);
  }

  /** Starts listening with a model that is ready. */
  public static ChatServer start(ServerConfig config, ServedModel model, TextGenerator generator) {
    ChatServer server = start(config);
    server.serve(model, generator);
    return server;
  }

  /** Starts listening with a model that is ready. */
  public static ChatServer start(
      ServerConfig config, ServedModel model, TextGenerator generator, Supplier<EngineStats> stats) {
    ChatServer server = start(config);
    server.serve(model, generator, stats);
    return server;
  }

  /**
   * Serves a model: from now on {@code /ready} is 200 while it can generate. If the generator is an {@link
   * io.panallama.Engine}, {@code /ready} reports its statistics, too. Calling it again replaces the model for new requests.
   */
  public void serve(ServedModel model, TextGenerator generator) {
    serve(model, ServedEngine.of(generator));
  }

  /**
   * Serves a model: from now on {@code /ready} is 200 while it can generate. Calling it again replaces the model for new
   * requests.
   *
   * @param stats read by {@code /ready}, from any thread
   */
  public void serve(ServedModel model, TextGenerator generator, Supplier<EngineStats> stats) {
    serve(model, ServedEngine.of(generator).withStats(stats));
  }

  /**
   * Serves a model: from now on {@code /ready} is 200 while the engine is healthy. Calling it again replaces the model for new
   * requests; running ones keep the engine they have, and {@link ServedEngine#onRelease} tells when the last of them is done.
   */
  public void serve(ServedModel model, ServedEngine engine) {
    registry.serve(model, engine);
  }

  /**
   * Serves a model that gives vectors, besides the one that generates. The caller closes the embedder after the server.
   *
   * @throws IllegalArgumentException if another model has one of its names
   */
  public void serve(ServedModel model, TextEmbedder embedder) {
    registry.add(new ServedEmbedder(model.toBuilder().kind(ServedModel.Kind.EMBEDS).build(), embedder));
  }

  /**
   * Serves a model that ranks documents, besides the one that generates. The caller closes the reranker after the server.
   *
   * @throws IllegalArgumentException if another model has one of its names
   */
  public void serve(ServedModel model, TextReranker reranker) {
    registry.add(new ServedReranker(model.toBuilder().kind(ServedModel.Kind.RANKS).build(), reranker));
  }

  /**
   * Serves a model that gives texts labels, besides the one that generates. The caller closes the classifier after the
   * server.
   *
   * @throws IllegalArgumentException if another model has one of its names
   */
  public void serve(ServedModel model, TextClassifier classifier) {
    registry.add(new ServedClassifier(model.toBuilder().kind(ServedModel.Kind.CLASSIFIES).build(), classifier));
  }

  /**
   * Says that no model that generates text will be served, so that {@code /ready} is 200 with those that embed, rank and
   * classify, which were served before. Conversations and completions are refused with 501.
   */
  public void serveWithoutGenerator() {
    registry.serveWithoutGenerator();
  }

  /**
   * Serves uploaded files and the vector stores that are made of them. The caller closes the library after the server. Without one,
   * the routes for files answer 501.
   */
  public void serve(DocumentLibrary library) {
    registry.serve(library);
  }

  /** Lets the tool file_search search so, without files behind it. */
  void serve(PassageSearch search) {
    registry.serve(search);
  }

  /**
   * The port it listens on: the configured one, or the one that was found if that was 0; -1 if it listens on Unix domain sockets
   * only.
   */
  public int port() {
    return listener.port();
  }

  /** Where a browser on this machine finds the page; the first of {@link #uris}. */
  public URI uri() {
    return uris().getFirst();
  }

  /** Where it listens, one for each configured host and those for browsers first; {@code unix:/path} is a Unix domain socket. */
  public List<URI> uris() {
    return hosts.stream()
        .sorted(Comparator.comparing(host -> ServerSockets.unixSocket(host).isPresent()))
        .map(this::uri)
        .toList();
  }

  private URI uri(String host) {
    Optional<Path> path = ServerSockets.unixSocket(host);
    if (path.isPresent()) {
      return URI.create("unix:" + path.get().toAbsolutePath().toUri().getRawPath());
    }
    String name =
        switch (host) {
          case "0.0.0.0", "::" -> "localhost";
          case "localhost" -> "127.0.0.1";
          default -> host.contains(":") ? "[" + host + "]" : host;
        };
    return URI.create((encrypts ? "https://" : "http://") + name + ":" + port() + "/");
  }

  /** The configured hosts by which other machines can connect; empty if none can. */
  public List<String> openHosts() {
    return openHosts;
  }

  /**
   * Starts a front end of another protocol beside HTTP, on the same addresses. It is closed with the server, after the requests that are
   * running then.
   *
   * @param port 0 takes a free one
   * @return the port that it listens on
   * @throws ServerStartException if the port is taken, or an address can't be listened on
   */
  public int open(FrontEnd frontEnd, int port) {
    try {
      FrontEnd.Running running = frontEnd.start(config, port, shared);
      frontEnds.add(running);
      return running.port();
    } catch (IOException refused) {
      throw new ServerStartException(
          hosts.getFirst(),
          port,
          "Can't listen on port "
              + port
              + " for "
              + frontEnd.protocol()
              + ": "
              + refused.getMessage()
              + ". Choose another port with --"
              + frontEnd.protocol()
              + "-port (0 takes a free one).",
          refused);
    }
  }

  /** How many connections are open. */
  int connections() {
    return listener.connections();
  }

  /** What the keys that were used have done since the start, by their ids; for metrics. Empty if the server asks for no key. */
  public List<KeyUsage> keyUsage() {
    return accounts.usage();
  }

  /** The streams that can be resumed. */
  ResumableStreams streams() {
    return streams;
  }

  /** How many requests are using an engine now. */
  public int runningRequests() {
    return registry.openLeases();
  }

  /**
   * Refuses further requests with 503, which {@code /health} and {@code /ready} call draining, lets running ones go on for the
   * grace period, then ends them with an error event and stops listening. Repeating it is harmless.
   */
  @Override
  public void close() {
    registry.close(grace);
    frontEnds.forEach(FrontEnd.Running::close);
    streams.close();
    listener.close();
    observers.close();
    if (metrics != null) {
      metrics.close();
    }
  }

  private static ServerSockets sockets(ServerConfig config) {
    try {
      return ServerSockets.open(config.hosts(), config.port());
    } catch (ServerSockets.Refused refused) {
      String host = refused.host();
      throw new ServerStartException(host, config.port(), refusal(host, config.port(), refused), refused);
    }
  }

  private static String refusal(String host, int port, ServerSockets.Refused refused) {
    if (ServerSockets.unixSocket(host).isPresent()) {
      return "Can't listen on " + host + ": " + refused.getMessage() + ". Choose another path.";
    }
    String where = "Can't listen on " + host + " port " + port + ": ";
    return refused.isUnknown()
        ? where + "the host is unknown; choose another with --host."
        : where
            + refused.getMessage()
            + ". Choose another port with --port (0 takes a free one) or another address with --host.";
  }
}
