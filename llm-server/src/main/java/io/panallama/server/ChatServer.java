package io.panallama.server;

import io.helidon.webserver.http.DirectHandlers;
import io.helidon.webserver.http.Filter;
import io.helidon.webserver.http.HttpRouting;
import io.panallama.TextGenerator;
import io.panallama.observe.EngineStats;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.anthropic.AnthropicDialect;
import io.panallama.server.dialect.llamacpp.LlamaCppDialect;
import io.panallama.server.dialect.ollama.OllamaDialect;
import io.panallama.server.dialect.openai.OpenAiDialect;
import io.panallama.server.http.ConnectionLimits;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.http.Listener;
import io.panallama.server.http.RequestGuard;
import io.panallama.server.http.Routes;
import io.panallama.server.page.PageRoutes;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.RequestLimits;
import io.panallama.server.registry.ServedEngine;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.time.Duration;
import java.util.List;
import java.util.function.Supplier;

/**
 * A running HTTP server: OpenAI's, Anthropic's and Ollama's API, some of llama-server's routes, {@code /health}, {@code
 * /ready}, and the chat page at {@code /}.
 *
 * <p>Lifetime: it listens from {@link #start} to {@link #close}. It answers 503 until {@link #serve} gives it a model,
 * so that it can be up while a large model loads. It closes neither model nor engine; close it before them.
 *
 * <p>Safe for use by several threads.
 */
public final class ChatServer implements AutoCloseable {
  private final Listener listener;
  private final Registry registry;
  private final String host;
  private final Duration grace;

  private ChatServer(Listener listener, Registry registry, ServerConfig config) {
    this.listener = listener;
    this.registry = registry;
    this.host = config.host();
    this.grace = config.shutdownGrace();
  }

  /** The dialects that it speaks. Errors outside of any dialect's routes have the first one's shape. */
  private static List<Dialect> dialects() {
    return List.of(new OpenAiDialect(), new LlamaCppDialect(), new AnthropicDialect(), new OllamaDialect());
  }

  /**
   * Starts listening, without a model yet.
   *
   * @throws ServerStartException if the port is taken, or the host is unknown or not of this machine
   */
  public static ChatServer start(ServerConfig config) {
    return start(config, dialects());
  }

  /** Starts listening for clients of these dialects, at least one. */
  static ChatServer start(ServerConfig config, List<Dialect> dialects) {
    InetAddress address = resolve(config);
    Registry registry =
        new Registry(new RequestLimits(config.maxMessages(), config.maxGrammarBytes()), config.strictModelNames());
    Routes routes = new Routes(registry, config.heartbeatInterval(), config.strictFields());
    dialects.forEach(routes::add);
    new PageRoutes().paths().forEach(routes::get);
    ErrorBoundary boundary = new ErrorBoundary(routes, dialects.getFirst());
    List<Filter> filters =
        List.of(new RequestGuard(address.isLoopbackAddress(), config.allowedHosts(), config.allowedOrigins()));
    ConnectionLimits limits =
        new ConnectionLimits(
            config.maxConnections(),
            config.requestTimeout(),
            config.idleTimeout(),
            config.writeTimeout(),
            config.maxBodyBytes());
    Listener listener = listen(config, address, limits, routes.routing(filters, boundary), boundary.outsideRoutes());
    return new ChatServer(listener, registry, config);
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

  /** The port it listens on: the configured one, or the one that was found if that was 0. */
  public int port() {
    return listener.port();
  }

  /** Where a browser on this machine finds the page. */
  public URI uri() {
    String name = host.equals("0.0.0.0") || host.equals("::") ? "localhost" : host;
    return URI.create("http://" + (name.contains(":") ? "[" + name + "]" : name) + ":" + port() + "/");
  }

  /** How many connections are open. */
  int connections() {
    return listener.connections();
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
    listener.close();
  }

  private static InetAddress resolve(ServerConfig config) {
    try {
      return InetAddress.getByName(config.host());
    } catch (UnknownHostException unknown) {
      throw new ServerStartException(
          config.host(),
          config.port(),
          "Can't listen on " + name(config) + ": the host is unknown; choose another with --host.",
          unknown);
    }
  }

  private static Listener listen(
      ServerConfig config,
      InetAddress address,
      ConnectionLimits limits,
      HttpRouting.Builder routing,
      DirectHandlers outsideRoutes) {
    try {
      return Listener.open(new InetSocketAddress(address, config.port()), limits, routing, outsideRoutes);
    } catch (IOException taken) {
      throw new ServerStartException(
          config.host(),
          config.port(),
          "Can't listen on "
              + name(config)
              + ": "
              + taken.getMessage()
              + ". Choose another port with --port (0 takes a free one) or another address with --host.",
          taken);
    }
  }

  private static String name(ServerConfig config) {
    return config.host() + " port " + config.port();
  }
}
