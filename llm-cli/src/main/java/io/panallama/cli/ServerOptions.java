package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.server.ChatServer;
import io.panallama.server.ServerConfig;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The options of the HTTP server: every component of {@link ServerConfig}. */
final class ServerOptions {
  private static final ServerConfig DEFAULTS = ServerConfig.defaults();

  /** Longer than any answer takes. */
  private static final Duration NEVER = Duration.ofDays(365);

  @Option(
      names = "--host",
      paramLabel = "HOST",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Name, IPv4 or IPv6 address to listen on, or unix:PATH or a path that ends with .sock for a Unix domain"
              + " socket; can be given several times, or with commas. 0.0.0.0 is every address of this machine."
              + " Default: localhost, which is 127.0.0.1 and ::1, this machine only.")
  private List<String> hosts = List.of();

  @Option(
      names = "--unix-socket",
      paramLabel = "PATH",
      description =
          "Unix domain socket to listen on, which only the user of the server can use; --host adds addresses to it,"
              + " and so does --port. Default: none.")
  private @Nullable Path unixSocket;

  @Option(
      names = {"-p", "--port"},
      paramLabel = "PORT",
      description =
          "Port to listen on; 0 takes a free one. Beside Unix domain sockets alone, it adds localhost. Default: 8080.")
  private @Nullable Integer port;

  @Option(
      names = "--max-body",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "Largest request body; a larger one gets 413. Default: 4M.")
  private long maxBody = DEFAULTS.maxBodyBytes();

  @Option(
      names = "--max-messages",
      paramLabel = "N",
      description = "Messages, and tool calls, of a conversation; a request with more gets 400. Default: 4096.")
  private int maxMessages = DEFAULTS.maxMessages();

  @Option(
      names = "--max-grammar",
      paramLabel = "SIZE",
      converter = Size.class,
      description =
          "Largest grammar or schema of an answer, and of all tools together; a larger one gets 400. Default: 512K.")
  private long maxGrammar = DEFAULTS.maxGrammarBytes();

  @Option(
      names = "--max-connections",
      paramLabel = "N",
      description = "Connections open at the same time; further ones wait to be accepted. Default: 1024.")
  private int maxConnections = DEFAULTS.maxConnections();

  @Option(
      names = "--request-timeout",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "Longest time to receive one whole request; then it gets 408. Default: 30s.")
  private @Nullable Duration requestTimeout;

  @Option(
      names = "--idle-timeout",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "Close a connection that has been idle between requests for this long. Default: 60s.")
  private Duration idleTimeout = DEFAULTS.idleTimeout();

  @Option(
      names = "--write-timeout",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description =
          "Close a connection whose client has left an answer unread for this long, and cancel the answer."
              + " Default: 30s.")
  private @Nullable Duration writeTimeout;

  @Option(
      names = {"-to", "--timeout"},
      paramLabel = "SECONDS",
      hidden = true,
      description = "llama-server's: seconds to receive a request, and that a client may leave an answer unread.")
  private @Nullable Integer timeout;

  @Option(
      names = "--heartbeat",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "Send a comment in a stream that has been silent for this long. Default: 10s.")
  private @Nullable Duration heartbeat;

  @Option(
      names = "--sse-ping-interval",
      paramLabel = "SECONDS",
      hidden = true,
      description = "llama-server's name of --heartbeat, in seconds; -1 sends none.")
  private @Nullable Integer pingInterval;

  @Option(
      names = "--resume-time",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description =
          "Keep a stream, whose client has asked to be able to come back to it, for this long without its client; 0"
              + " keeps none. Default: 60s.")
  private Duration resumeTime = DEFAULTS.resumeTime();

  @Option(
      names = "--resume-buffer",
      paramLabel = "SIZE",
      converter = Size.class,
      description =
          "Events of such a stream that are kept; the generation waits while half of them were not sent."
              + " Default: 8M.")
  private long resumeBuffer = DEFAULTS.resumeBufferBytes();

  @Option(
      names = "--resume-memory",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "Events of all such streams together that are kept. Default: 64M.")
  private long resumeMemory = DEFAULTS.resumeMemoryBytes();

  @Option(
      names = "--shutdown-grace",
      paramLabel = "TIME",
      converter = TimeSpan.class,
      description = "Let running requests go on for at most this long when the server stops. Default: 25s.")
  private Duration shutdownGrace = DEFAULTS.shutdownGrace();

  @Option(
      names = {"--allowed-hosts", "--allowed-host"},
      paramLabel = "NAME",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Host name that requests may use besides loopback names and addresses, against DNS rebinding, such as"
              + " host.docker.internal, *.local or *; can be given several times, or with commas. Default: none if the"
              + " server listens on loopback only, otherwise any.")
  private List<String> allowedHosts = List.of();

  @Option(
      names = {"--cors-origins", "--allowed-origin"},
      paramLabel = "ORIGIN",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Origin whose pages may call the API from a browser besides the server's own page, such as"
              + " https://example.org, https://*.example.org, app://* for extensions and apps, null for files,"
              + " localhost for this machine's pages on any port, or * for all; can be given several times, or with"
              + " commas. Default: localhost.")
  private List<String> allowedOrigins = List.of();

  @Option(
      names = "--strict",
      description =
          "Refuse a request with a field that is not known or can't be honoured. Default: such a field is ignored, and"
              + " named in the answer's header Panallama-Ignored.")
  private boolean strict = DEFAULTS.strictFields();

  @Option(
      names = "--strict-model-names",
      description =
          "Answer a request for another model than the served one with 404. Default: the served model answers to any"
              + " name.")
  private boolean strictModelNames = DEFAULTS.strictModelNames();

  @Mixin private AccessOptions access = new AccessOptions();
  @Mixin private TlsOptions tls = new TlsOptions();

  /**
   * The configuration that these options request.
   *
   * @throws UsageException if a value is out of its range
   */
  ServerConfig config() {
    if (maxBody > Integer.MAX_VALUE) {
      throw new UsageException("--max-body is " + Printable.bytes(maxBody) + "; it must be at most 1 GiB.");
    }
    if (maxGrammar > Integer.MAX_VALUE) {
      throw new UsageException("--max-grammar is " + Printable.bytes(maxGrammar) + "; it must be at most 1 GiB.");
    }
    if (resumeBuffer > Integer.MAX_VALUE) {
      throw new UsageException("--resume-buffer is " + Printable.bytes(resumeBuffer) + "; it must be at most 1 GiB.");
    }
    try {
      ServerConfig.Builder server = ServerConfig.builder();
      access.configure(server);
      tls.configure(server);
      return server
          .hosts(hosts())
          .port(port == null ? DEFAULTS.port() : port)
          .maxBodyBytes((int) maxBody)
          .maxMessages(maxMessages)
          .maxGrammarBytes((int) maxGrammar)
          .maxConnections(maxConnections)
          .requestTimeout(orTimeout(requestTimeout, DEFAULTS.requestTimeout()))
          .idleTimeout(idleTimeout)
          .writeTimeout(orTimeout(writeTimeout, DEFAULTS.writeTimeout()))
          .heartbeatInterval(heartbeat())
          .shutdownGrace(shutdownGrace)
          .resumeTime(resumeTime)
          .resumeBufferBytes((int) resumeBuffer)
          .resumeMemoryBytes(resumeMemory)
          .allowedHosts(Set.copyOf(separated(allowedHosts)))
          .allowedOrigins(allowedOrigins.isEmpty() ? DEFAULTS.allowedOrigins() : Set.copyOf(separated(allowedOrigins)))
          .strictFields(strict)
          .strictModelNames(strictModelNames)
          .build();
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused), refused);
    }
  }

  private List<String> hosts() {
    List<String> all = new ArrayList<>(separated(hosts));
    if (unixSocket != null) {
      all.add("unix:" + unixSocket);
    }
    boolean socketsOnly = all.stream().allMatch(ServerConfig::isUnixSocket);
    if (socketsOnly && (all.isEmpty() || port != null)) {
      all.addAll(0, DEFAULTS.hosts());
    }
    return all;
  }

  /** The option's own value, else that of llama-server's option for it. */
  private Duration heartbeat() {
    if (heartbeat != null) {
      return heartbeat;
    }
    if (pingInterval == null) {
      return DEFAULTS.heartbeatInterval();
    }
    if (pingInterval < 1 && pingInterval != -1) {
      throw new UsageException("--sse-ping-interval is " + pingInterval + "; it must be 1 or more, or -1 for none.");
    }
    return pingInterval == -1 ? NEVER : Duration.ofSeconds(pingInterval);
  }

  /** The option's own value, else that of llama-server's option for several timeouts. */
  private Duration orTimeout(@Nullable Duration given, Duration otherwise) {
    return given != null ? given : timeout != null ? Duration.ofSeconds(timeout) : otherwise;
  }

  /** The values of an option that may be repeated, and that llama-server has with commas in between. */
  static List<String> separated(List<String> values) {
    return values.stream().flatMap(value -> Arrays.stream(value.split(",", -1))).map(String::strip).toList();
  }

  /** Warns if other machines can connect and there is no key, or nothing is encrypted. */
  static void warnIfOpen(CommandContext context, ChatServer server, ServerConfig config) {
    boolean keys = config.asksForKeys();
    boolean encrypts = config.tls().isPresent();
    if (server.openHosts().isEmpty() || (keys && encrypts)) {
      return;
    }
    String missing =
        keys
            ? "does not encrypt, so that others can read along and take the keys"
            : "asks for no key (keys create, --api-key)";
    context.warn(
        "With --host "
            + String.join(",", server.openHosts())
            + " every machine that can reach this one "
            + (keys ? "can connect to" : "can use")
            + " the server; it "
            + missing
            + (keys || encrypts ? "" : " and does not encrypt")
            + (encrypts ? "." : " (--ssl-cert-file, --ssl-key-file).")
            + " Put a proxy or a firewall in front of it otherwise.");
  }
}
