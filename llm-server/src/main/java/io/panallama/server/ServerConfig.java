package io.panallama.server;

import io.panallama.server.http.ServerSockets;
import io.panallama.server.keys.OidcConfig;
import io.panallama.server.traces.TraceSettings;
import java.net.InetAddress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Where the server listens and what it allows. Everything is bounded; the defaults suit one machine. Immutable and safe for any
 * thread.
 */
public final class ServerConfig {
  /** The port that {@link #defaults()} listens on. */
  public static final int DEFAULT_PORT = 8080;

  /** Streams that nobody may come back for any more would only take memory. */
  private static final Duration LONGEST_RESUME_TIME = Duration.ofHours(24);

  /** Enough for some events. */
  private static final int LEAST_RESUME_BUFFER = 4096;

  private static final ServerConfig DEFAULTS = new Builder().build();

  private final List<String> hosts;
  private final int port;
  private final int maxBodyBytes;
  private final int maxMessages;
  private final int maxGrammarBytes;
  private final int maxConnections;
  private final @Nullable Duration maxRequestTime;
  private final Duration requestTimeout;
  private final Duration idleTimeout;
  private final Duration writeTimeout;
  private final Duration heartbeatInterval;
  private final Duration shutdownGrace;
  private final Duration resumeTime;
  private final int resumeBufferBytes;
  private final long resumeMemoryBytes;
  private final Set<String> allowedHosts;
  private final Set<String> allowedOrigins;
  private final boolean strictFields;
  private final boolean strictModelNames;
  private final Set<String> apiKeys;
  private final Optional<Path> keyFile;
  private final Set<Endpoint> endpoints;
  private final boolean verbose;
  private final @Nullable TlsConfig tls;
  private final Optional<String> accessLog;
  private final Map<String, String> openTelemetry;
  private final Optional<OidcConfig> oidc;

  private ServerConfig(Builder from) {
    hosts = from.hosts;
    port = from.port;
    maxBodyBytes = from.maxBodyBytes;
    maxMessages = from.maxMessages;
    maxGrammarBytes = from.maxGrammarBytes;
    maxConnections = from.maxConnections;
    maxRequestTime = from.maxRequestTime;
    requestTimeout = from.requestTimeout;
    idleTimeout = from.idleTimeout;
    writeTimeout = from.writeTimeout;
    heartbeatInterval = from.heartbeatInterval;
    shutdownGrace = from.shutdownGrace;
    resumeTime = from.resumeTime;
    resumeBufferBytes = from.resumeBufferBytes;
    resumeMemoryBytes = from.resumeMemoryBytes;
    allowedHosts = from.allowedHosts;
    allowedOrigins = from.allowedOrigins;
    strictFields = from.strictFields;
    strictModelNames = from.strictModelNames;
    apiKeys = from.apiKeys;
    keyFile = from.keyFile;
    endpoints = from.endpoints;
    verbose = from.verbose;
    tls = from.tls;
    accessLog = from.accessLog;
    openTelemetry = from.openTelemetry;
    oidc = from.oidc;
    if (hosts.isEmpty() || hosts.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("hosts is blank; give a name or an address, such as 127.0.0.1.");
    }
    inRange("port", port, 0, 65_535);
    inRange("maxBodyBytes", maxBodyBytes, 1, 1 << 30);
    inRange("maxMessages", maxMessages, 1, 1 << 20);
    inRange("maxGrammarBytes", maxGrammarBytes, 1, 1 << 30);
    inRange("maxConnections", maxConnections, 1, 1 << 20);
    if (maxRequestTime != null) {
      positive("maxRequestTime", maxRequestTime);
    }
    positive("requestTimeout", requestTimeout);
    positive("idleTimeout", idleTimeout);
    positive("writeTimeout", writeTimeout);
    positive("heartbeatInterval", heartbeatInterval);
    if (shutdownGrace.isNegative()) {
      throw new IllegalArgumentException("shutdownGrace is " + shutdownGrace + "; it must not be negative.");
    }
    boolean _ = TraceSettings.wanted(openTelemetry);
    if (resumeTime.isNegative() || resumeTime.compareTo(LONGEST_RESUME_TIME) > 0) {
      throw new IllegalArgumentException(
          "resumeTime is "
              + resumeTime
              + "; it must be 0, which keeps no streams, to "
              + LONGEST_RESUME_TIME.toHours()
              + " hours.");
    }
    inRange("resumeBufferBytes", resumeBufferBytes, LEAST_RESUME_BUFFER, 1 << 30);
    if (resumeMemoryBytes < resumeBufferBytes) {
      throw new IllegalArgumentException(
          "resumeMemoryBytes is "
              + resumeMemoryBytes
              + "; it must be at least resumeBufferBytes, which is "
              + resumeBufferBytes
              + ".");
    }
  }

  /**
   * localhost with port 8080, bodies up to 4 MiB, 4096 messages, grammars up to 512 KiB, 1024 connections, 30 s to send a request,
   * 60 s idle, 30 s without reading an answer, a heartbeat every 10 s, 25 s of grace, and 60 s, 8 MiB and 64 MiB for streams that can be
   * resumed.
   */
  public static ServerConfig defaults() {
    return DEFAULTS;
  }

  /** A builder that starts from {@link #defaults()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  private static String host(String written) {
    String host = written.strip();
    return host.startsWith("[") && host.endsWith("]") ? host.substring(1, host.length() - 1) : host;
  }

  private static String allowedHost(String written) {
    String host = written.strip().toLowerCase(Locale.ROOT);
    String name = host.matches(".*[^:]:\\d+|.*]:\\d+") ? host.substring(0, host.lastIndexOf(':')) : host;
    if (name.isEmpty() || name.matches(".*[/\\s].*") || name.contains(":") && !isAddress(name)) {
      throw new IllegalArgumentException(
          "allowedHosts has \""
              + written
              + "\"; give a host name such as example.org, a pattern such as *.local, or *.");
    }
    return name;
  }

  private static boolean isAddress(String name) {
    try {
      InetAddress.ofLiteral(host(name));
      return true;
    } catch (IllegalArgumentException another) {
      return false;
    }
  }

  private static String allowedOrigin(String written) {
    String origin = written.strip().toLowerCase(Locale.ROOT);
    if (origin.equals("*") || origin.equals("localhost") || origin.equals("null")) {
      return origin;
    }
    if (origin.matches("file:(/{2,3})?\\*?")) {
      return "null";
    }
    if (origin.matches("[a-z][a-z0-9+.-]*:(//)?")) {
      return origin.replaceFirst("(//)?$", "//*");
    }
    if (!origin.matches("[a-z][a-z0-9+.-]*://[^/\\s]+/?")) {
      throw new IllegalArgumentException(
          "allowedOrigins has \""
              + written
              + "\"; give an origin such as https://example.org, a pattern such as app://*, localhost, null or *.");
    }
    return origin
        .replaceFirst("/$", "")
        .replaceFirst("^(http://.*):80$", "$1")
        .replaceFirst("^(https://.*):443$", "$1");
  }

  private static void inRange(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }

  private static void positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be larger than 0.");
    }
  }

  /** Whether a host is the path of a Unix domain socket, see {@link #hosts()}. */
  public static boolean isUnixSocket(String host) {
    return ServerSockets.unixSocket(host).isPresent();
  }

  /**
   * What to listen on: names, addresses of IPv4 and IPv6, and paths of Unix domain sockets, which begin with {@code unix:} or end with
   * {@code .sock}. {@code localhost}, the default, is 127.0.0.1 and, where the machine has it, ::1: nothing outside this machine can
   * connect. {@code 0.0.0.0} and {@code ::} are all addresses of this machine.
   */
  public List<String> hosts() {
    return hosts;
  }

  /** 0 to 65535; 0 takes any free port. */
  public int port() {
    return port;
  }

  /** The largest request body, 4 MiB by default; a larger one gets 413. */
  public int maxBodyBytes() {
    return maxBodyBytes;
  }

  /** The most messages of a conversation, and the most tool calls in them, 4096 by default; more get 400. */
  public int maxMessages() {
    return maxMessages;
  }

  /**
   * The most bytes of a grammar, of a schema, and of the schemas of all tools together, 512 KiB by default; more get 400. What it
   * takes to compile them grows with their length.
   */
  public int maxGrammarBytes() {
    return maxGrammarBytes;
  }

  /**
   * How many connections may be open at once, 1024 by default, or fewer where the process may not open as many files. A further
   * one waits until one ends, which those do that are silent.
   */
  public int maxConnections() {
    return maxConnections;
  }

  /**
   * How long a request may take from when it is queued to the end of its answer, however long its own limit is; empty, the default,
   * sets no limit. What has been generated by then is the answer; a request without any gets 504.
   */
  public Optional<Duration> maxRequestTime() {
    return Optional.ofNullable(maxRequestTime);
  }

  /** How long a client may take to send one whole request, from its first byte, 30 s by default; then it gets 408. */
  public Duration requestTimeout() {
    return requestTimeout;
  }

  /** How long a connection may be idle between requests before it is closed; 60 s by default. */
  public Duration idleTimeout() {
    return idleTimeout;
  }

  /**
   * How long a client may leave an answer unread before its connection is closed and its generation cancelled; 30 s by default. The
   * time counts from when the buffers of both operating systems are full. It is a reserve that reading refills by a second for every
   * 240 bytes, so a client that reads more slowly than that for long is cut as well.
   */
  public Duration writeTimeout() {
    return writeTimeout;
  }

  /**
   * A stream that is silent for this long sends an SSE comment, so that proxies keep the connection and a vanished peer is
   * noticed; 10 s by default.
   */
  public Duration heartbeatInterval() {
    return heartbeatInterval;
  }

  /**
   * How long {@link ChatServer#close} lets running requests go on; 25 s by default, which leaves an engine time to close within the 30 s
   * that Kubernetes gives a process. Zero ends them at once.
   */
  public Duration shutdownGrace() {
    return shutdownGrace;
  }

  /**
   * How long a stream is kept without its client, if that asked for a stream that can be resumed; 60 s by default. Then its generation is
   * cancelled. It is the longest time that a client can ask for. Zero: no stream can be resumed.
   */
  public Duration resumeTime() {
    return resumeTime;
  }

  /**
   * The most bytes of the events of one stream that can be resumed, 8 MiB by default. The generation waits while the client is away, or
   * slow, and half of them were not sent.
   */
  public int resumeBufferBytes() {
    return resumeBufferBytes;
  }

  /** The most bytes of the events of all streams that can be resumed, 64 MiB by default. */
  public long resumeMemoryBytes() {
    return resumeMemoryBytes;
  }

  /**
   * Names that a {@code Host} header may carry, in lower case, besides loopback names and literal addresses; guards against DNS
   * rebinding. A {@code *} stands for any characters ({@code *.local}). Empty by default: no other name if the server listens
   * on loopback only, otherwise any. A request through a Unix domain socket may carry any.
   */
  public Set<String> allowedHosts() {
    return allowedHosts;
  }

  /**
   * Origins whose pages may call the API from a browser besides the server's own page, in lower case. A {@code *} stands for any
   * characters: {@code https://*.example.org}, {@code app://*} for all of a scheme, {@code *} for every page. {@code localhost} means the
   * pages of loopback addresses on any port, and {@code null} files and other pages without an origin. By default {@code
   * localhost}.
   */
  public Set<String> allowedOrigins() {
    return allowedOrigins;
  }

  /**
   * Whether a request with a field that the server doesn't know, or can't honour, gets 400; false by default, when such a field
   * is ignored and the answer's header {@code Panallama-Ignored} names it.
   */
  public boolean strictFields() {
    return strictFields;
  }

  /**
   * Whether a request that names a model which isn't served gets 404 even while one model only is served; false by default,
   * when that model answers whatever its name in the request.
   */
  public boolean strictModelNames() {
    return strictModelNames;
  }

  /**
   * The keys of which each request has to bring one, in the header {@code Authorization} ({@code Bearer KEY}), {@code x-api-key}
   * or {@code api-key}; others get 401. Empty by default: no key is asked for. {@code /health}, {@code /livez}, {@code /ready},
   * {@code /openapi.json} and the pages need none.
   */
  public Set<String> apiKeys() {
    return apiKeys;
  }

  /**
   * The file of keys with roles and limits, see {@link io.panallama.server.keys.KeyFile}; each request has to bring one of them, or of the
   * {@link #apiKeys}, which have all roles and no limits. A change of the file holds from the next request on. Empty by default.
   */
  public Optional<Path> keyFile() {
    return keyFile;
  }

  /** Whether a request has to bring a key. */
  public boolean asksForKeys() {
    return !apiKeys.isEmpty() || keyFile.isPresent() || oidc.isPresent();
  }

  /** Whether a text can be one of the {@link #apiKeys}: visible ASCII characters without spaces, which a header can carry. */
  public static boolean isApiKey(String text) {
    return text.matches("[!-~]+");
  }

  /** The routes that are answered of those that need not be; by default {@link Endpoint#PAGE} and {@link Endpoint#SLOTS}. */
  public Set<Endpoint> endpoints() {
    return endpoints;
  }

  /**
   * Whether answers to chats show the prompt that the conversation became, as {@code __verbose}; false by default, when only those do
   * that are asked for it ({@code "verbose": true}).
   */
  public boolean verbose() {
    return verbose;
  }

  /**
   * The certificate by which connections are encrypted (HTTPS), but for those of Unix domain sockets; empty by default: none is
   * encrypted.
   */
  public Optional<TlsConfig> tls() {
    return Optional.ofNullable(tls);
  }

  /**
   * The file to which a line of JSON is appended for each request, or {@code -} for standard output; empty by default: there is no such
   * log. A file that was moved away, as logrotate does, is made anew within a second.
   */
  public Optional<String> accessLog() {
    return accessLog;
  }

  /**
   * OpenTelemetry's standard variables ({@code OTEL_...}), by which requests are traced. They ask for it if {@code
   * OTEL_EXPORTER_OTLP_ENDPOINT}, {@code OTEL_EXPORTER_OTLP_TRACES_ENDPOINT} or {@code OTEL_TRACES_EXPORTER} ({@code otlp}) is set, unless
   * {@code OTEL_SDK_DISABLED} is {@code true}. Empty by default: nothing is traced, and no class of OpenTelemetry is loaded. The SDK
   * also reads the environment of the process for those that are not given here.
   */
  public Map<String, String> openTelemetry() {
    return openTelemetry;
  }

  /**
   * The issuer of OpenID Connect whose tokens are taken in place of keys, besides the {@link #apiKeys} and those of the {@link #keyFile};
   * empty by default.
   */
  public Optional<OidcConfig> oidc() {
    return oidc;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof ServerConfig that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  /** All components; of the keys only their number, and of OpenTelemetry's variables, which may have credentials, only the names. */
  @Override
  public String toString() {
    Map<String, Object> shown = components();
    shown.put("apiKeys", apiKeys.size());
    shown.put("openTelemetry", openTelemetry.keySet());
    return "ServerConfig" + shown;
  }

  /** Every component by its name: what equality, hash and text are made of. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("hosts", hosts);
    all.put("port", port);
    all.put("maxBodyBytes", maxBodyBytes);
    all.put("maxMessages", maxMessages);
    all.put("maxGrammarBytes", maxGrammarBytes);
    all.put("maxConnections", maxConnections);
    all.put("maxRequestTime", maxRequestTime());
    all.put("requestTimeout", requestTimeout);
    all.put("idleTimeout", idleTimeout);
    all.put("writeTimeout", writeTimeout);
    all.put("heartbeatInterval", heartbeatInterval);
    all.put("shutdownGrace", shutdownGrace);
    all.put("resumeTime", resumeTime);
    all.put("resumeBufferBytes", resumeBufferBytes);
    all.put("resumeMemoryBytes", resumeMemoryBytes);
    all.put("allowedHosts", allowedHosts);
    all.put("allowedOrigins", allowedOrigins);
    all.put("strictFields", strictFields);
    all.put("strictModelNames", strictModelNames);
    all.put("apiKeys", apiKeys);
    all.put("keyFile", keyFile);
    all.put("endpoints", endpoints);
    all.put("verbose", verbose);
    all.put("tls", tls());
    all.put("accessLog", accessLog);
    all.put("openTelemetry", openTelemetry);
    all.put("oidc", oidc);
    return all;
  }

  /** Collects the components of a {@link ServerConfig}. Not safe for use by several threads. */
  public static final class Builder {
    private List<String> hosts = List.of("localhost");
    private int port = DEFAULT_PORT;
    private int maxBodyBytes = 4 << 20;
    private int maxMessages = 4096;
    private int maxGrammarBytes = 512 << 10;
    private int maxConnections = 1024;
    private @Nullable Duration maxRequestTime;
    private Duration requestTimeout = Duration.ofSeconds(30);
    private Duration idleTimeout = Duration.ofSeconds(60);
    private Duration writeTimeout = Duration.ofSeconds(30);
    private Duration heartbeatInterval = Duration.ofSeconds(10);
    private Duration shutdownGrace = Duration.ofSeconds(25);
    private Duration resumeTime = Duration.ofSeconds(60);
    private int resumeBufferBytes = 8 << 20;
    private long resumeMemoryBytes = 64 << 20;
    private Set<String> allowedHosts = Set.of();
    private Set<String> allowedOrigins = Set.of("localhost");
    private boolean strictFields;
    private boolean strictModelNames;
    private Set<String> apiKeys = Set.of();
    private Optional<Path> keyFile = Optional.empty();
    private Set<Endpoint> endpoints = Set.of(Endpoint.PAGE, Endpoint.SLOTS);
    private boolean verbose;
    private @Nullable TlsConfig tls;
    private Optional<String> accessLog = Optional.empty();
    private Map<String, String> openTelemetry = Map.of();
    private Optional<OidcConfig> oidc = Optional.empty();

    private Builder() {}

    private Builder(ServerConfig from) {
      hosts = from.hosts;
      port = from.port;
      maxBodyBytes = from.maxBodyBytes;
      maxMessages = from.maxMessages;
      maxGrammarBytes = from.maxGrammarBytes;
      maxConnections = from.maxConnections;
      maxRequestTime = from.maxRequestTime;
      requestTimeout = from.requestTimeout;
      idleTimeout = from.idleTimeout;
      writeTimeout = from.writeTimeout;
      heartbeatInterval = from.heartbeatInterval;
      shutdownGrace = from.shutdownGrace;
      resumeTime = from.resumeTime;
      resumeBufferBytes = from.resumeBufferBytes;
      resumeMemoryBytes = from.resumeMemoryBytes;
      allowedHosts = from.allowedHosts;
      allowedOrigins = from.allowedOrigins;
      strictFields = from.strictFields;
      strictModelNames = from.strictModelNames;
      apiKeys = from.apiKeys;
      keyFile = from.keyFile;
      endpoints = from.endpoints;
      verbose = from.verbose;
      tls = from.tls;
      accessLog = from.accessLog;
      openTelemetry = from.openTelemetry;
      oidc = from.oidc;
    }

    /** Sets {@link ServerConfig#hosts()}; an address of IPv6 may stand in brackets. */
    public Builder hosts(List<String> value) {
      hosts = value.stream().map(ServerConfig::host).distinct().toList();
      return this;
    }

    /** Sets {@link ServerConfig#port()}. */
    public Builder port(int value) {
      port = value;
      return this;
    }

    /** Sets {@link ServerConfig#maxBodyBytes()}. */
    public Builder maxBodyBytes(int value) {
      maxBodyBytes = value;
      return this;
    }

    /** Sets {@link ServerConfig#maxMessages()}. */
    public Builder maxMessages(int value) {
      maxMessages = value;
      return this;
    }

    /** Sets {@link ServerConfig#maxGrammarBytes()}. */
    public Builder maxGrammarBytes(int value) {
      maxGrammarBytes = value;
      return this;
    }

    /** Sets {@link ServerConfig#maxConnections()}. */
    public Builder maxConnections(int value) {
      maxConnections = value;
      return this;
    }

    /** Sets {@link ServerConfig#maxRequestTime()}. */
    public Builder maxRequestTime(Duration value) {
      maxRequestTime = Objects.requireNonNull(value, "maxRequestTime");
      return this;
    }

    /** Sets {@link ServerConfig#requestTimeout()}. */
    public Builder requestTimeout(Duration value) {
      requestTimeout = Objects.requireNonNull(value, "requestTimeout");
      return this;
    }

    /** Sets {@link ServerConfig#idleTimeout()}. */
    public Builder idleTimeout(Duration value) {
      idleTimeout = Objects.requireNonNull(value, "idleTimeout");
      return this;
    }

    /** Sets {@link ServerConfig#writeTimeout()}. */
    public Builder writeTimeout(Duration value) {
      writeTimeout = Objects.requireNonNull(value, "writeTimeout");
      return this;
    }

    /** Sets {@link ServerConfig#heartbeatInterval()}. */
    public Builder heartbeatInterval(Duration value) {
      heartbeatInterval = Objects.requireNonNull(value, "heartbeatInterval");
      return this;
    }

    /** Sets {@link ServerConfig#shutdownGrace()}. */
    public Builder shutdownGrace(Duration value) {
      shutdownGrace = Objects.requireNonNull(value, "shutdownGrace");
      return this;
    }

    /** Sets {@link ServerConfig#resumeTime()}. */
    public Builder resumeTime(Duration value) {
      resumeTime = Objects.requireNonNull(value, "resumeTime");
      return this;
    }

    /** Sets {@link ServerConfig#resumeBufferBytes()}. */
    public Builder resumeBufferBytes(int value) {
      resumeBufferBytes = value;
      return this;
    }

    /** Sets {@link ServerConfig#resumeMemoryBytes()}. */
    public Builder resumeMemoryBytes(long value) {
      resumeMemoryBytes = value;
      return this;
    }

    /**
     * Sets {@link ServerConfig#allowedHosts()}. A port behind a name is left out.
     *
     * @throws IllegalArgumentException if one is no host name
     */
    public Builder allowedHosts(Set<String> value) {
      allowedHosts = value.stream().map(ServerConfig::allowedHost).collect(Collectors.toUnmodifiableSet());
      return this;
    }

    /**
     * Sets {@link ServerConfig#allowedOrigins()}. A scheme alone ({@code app://}) means all its origins, {@code file://} is {@code null},
     * and a slash at the end and a default port are left out.
     *
     * @throws IllegalArgumentException if one is no origin
     */
    public Builder allowedOrigins(Set<String> value) {
      allowedOrigins = value.stream().map(ServerConfig::allowedOrigin).collect(Collectors.toUnmodifiableSet());
      return this;
    }

    /** Sets {@link ServerConfig#strictFields()}. */
    public Builder strictFields(boolean value) {
      strictFields = value;
      return this;
    }

    /** Sets {@link ServerConfig#strictModelNames()}. */
    public Builder strictModelNames(boolean value) {
      strictModelNames = value;
      return this;
    }

    /**
     * Sets {@link ServerConfig#apiKeys()}.
     *
     * @throws IllegalArgumentException if one is empty, or has characters that a header can't carry
     */
    public Builder apiKeys(Set<String> value) {
      if (!value.stream().allMatch(ServerConfig::isApiKey)) {
        // The key itself is not repeated, so that no log has it.
        throw new IllegalArgumentException(
            "apiKeys has a key that no header can carry; use visible ASCII characters without spaces.");
      }
      apiKeys = Set.copyOf(value);
      return this;
    }

    /** Sets {@link ServerConfig#keyFile()}. */
    public Builder keyFile(Path value) {
      keyFile = Optional.of(value);
      return this;
    }

    /** Sets {@link ServerConfig#endpoints()}. */
    public Builder endpoints(Set<Endpoint> value) {
      endpoints = Set.copyOf(value);
      return this;
    }

    /** Sets {@link ServerConfig#verbose()}. */
    public Builder verbose(boolean value) {
      verbose = value;
      return this;
    }

    /** Sets {@link ServerConfig#tls()}. */
    public Builder tls(TlsConfig value) {
      tls = Objects.requireNonNull(value, "tls");
      return this;
    }

    /**
     * Sets {@link ServerConfig#accessLog()}.
     *
     * @throws IllegalArgumentException if it is blank
     */
    public Builder accessLog(String value) {
      if (value.isBlank()) {
        throw new IllegalArgumentException("accessLog is blank; give a file, or - for standard output.");
      }
      accessLog = Optional.of(value);
      return this;
    }

    /** Sets {@link ServerConfig#openTelemetry()}. Other variables of an environment are left out, and so are empty ones. */
    public Builder openTelemetry(Map<String, String> value) {
      openTelemetry = TraceSettings.of(value);
      return this;
    }

    /** Sets {@link ServerConfig#oidc()}. */
    public Builder oidc(OidcConfig value) {
      oidc = Optional.of(value);
      return this;
    }

    /**
     * Makes the value.
     *
     * @throws IllegalArgumentException if a value is out of its range
     */
    public ServerConfig build() {
      return new ServerConfig(this);
    }
  }
}
