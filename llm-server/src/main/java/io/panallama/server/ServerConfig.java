package io.panallama.server;

import java.time.Duration;
import java.util.Locale;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Where the server listens and what it allows. Everything is bounded; the defaults suit one machine.
 *
 * @param host name or address to bind. The default is loopback: nothing outside this machine can connect
 * @param port 0 to 65535; 0 takes any free port
 * @param maxBodyBytes the largest request body; a larger one gets 413
 * @param maxConnections how many connections may be open at once; further ones wait in the backlog
 * @param requestTimeout how long a client may take to send one whole request, from its first byte; then it gets 408
 * @param idleTimeout how long a connection may lie idle between requests, and how long a client may leave a stream
 *     unread until its connection is cut
 * @param heartbeatInterval a stream that has nothing to say for this long sends an SSE comment, so that proxies keep the
 *     connection and a vanished peer is noticed
 * @param shutdownGrace how long {@link ChatServer#close} lets running requests go on
 * @param allowedHosts names that a {@code Host} header may carry; guards against DNS rebinding. Empty: loopback names
 *     if {@code host} is a loopback address, otherwise any
 * @param allowedOrigins origins ({@code https://example.org}) whose pages may call the API from a browser, besides the
 *     server's own page. {@code "*"} allows every page. Empty by default
 */
public record ServerConfig(
    String host,
    int port,
    int maxBodyBytes,
    int maxConnections,
    Duration requestTimeout,
    Duration idleTimeout,
    Duration heartbeatInterval,
    Duration shutdownGrace,
    Set<String> allowedHosts,
    Set<String> allowedOrigins) {
  /** The port that {@link #defaults()} listens on. */
  public static final int DEFAULT_PORT = 8080;

  private static final ServerConfig DEFAULTS =
      new ServerConfig(
          "127.0.0.1",
          DEFAULT_PORT,
          4 << 20,
          1024,
          Duration.ofSeconds(30),
          Duration.ofSeconds(60),
          Duration.ofSeconds(10),
          Duration.ofSeconds(2),
          Set.of(),
          Set.of());

  /**
   * @throws IllegalArgumentException if a value is out of its range
   */
  public ServerConfig {
    Objects.requireNonNull(host, "host");
    if (host.isBlank()) {
      throw new IllegalArgumentException("host is blank; give a name or an address, such as 127.0.0.1.");
    }
    inRange("port", port, 0, 65_535);
    inRange("maxBodyBytes", maxBodyBytes, 1, 1 << 30);
    inRange("maxConnections", maxConnections, 1, 1 << 20);
    positive("requestTimeout", requestTimeout);
    positive("idleTimeout", idleTimeout);
    positive("heartbeatInterval", heartbeatInterval);
    if (shutdownGrace.isNegative()) {
      throw new IllegalArgumentException("shutdownGrace is " + shutdownGrace + "; it must not be negative.");
    }
    allowedHosts = lowerCase(allowedHosts);
    allowedOrigins = lowerCase(allowedOrigins);
  }

  /**
   * 127.0.0.1:8080, bodies up to 4 MiB, 1024 connections, 30 s to send a request, 60 s idle, a heartbeat every 10 s, 2 s
   * of grace.
   */
  public static ServerConfig defaults() {
    return DEFAULTS;
  }

  public ServerConfig withHost(String newHost) {
    return copy(newHost, port, maxBodyBytes, maxConnections);
  }

  public ServerConfig withPort(int newPort) {
    return copy(host, newPort, maxBodyBytes, maxConnections);
  }

  public ServerConfig withMaxBodyBytes(int newMaxBodyBytes) {
    return copy(host, port, newMaxBodyBytes, maxConnections);
  }

  public ServerConfig withMaxConnections(int newMaxConnections) {
    return copy(host, port, maxBodyBytes, newMaxConnections);
  }

  public ServerConfig withRequestTimeout(Duration newRequestTimeout) {
    return copy(newRequestTimeout, idleTimeout, heartbeatInterval, shutdownGrace);
  }

  public ServerConfig withIdleTimeout(Duration newIdleTimeout) {
    return copy(requestTimeout, newIdleTimeout, heartbeatInterval, shutdownGrace);
  }

  public ServerConfig withHeartbeatInterval(Duration newHeartbeatInterval) {
    return copy(requestTimeout, idleTimeout, newHeartbeatInterval, shutdownGrace);
  }

  public ServerConfig withShutdownGrace(Duration newShutdownGrace) {
    return copy(requestTimeout, idleTimeout, heartbeatInterval, newShutdownGrace);
  }

  public ServerConfig withAllowedHosts(Set<String> newAllowedHosts) {
    return copy(newAllowedHosts, allowedOrigins);
  }

  public ServerConfig withAllowedOrigins(Set<String> newAllowedOrigins) {
    return copy(allowedHosts, newAllowedOrigins);
  }

  private ServerConfig copy(String newHost, int newPort, int newMaxBodyBytes, int newMaxConnections) {
    return new ServerConfig(
        newHost,
        newPort,
        newMaxBodyBytes,
        newMaxConnections,
        requestTimeout,
        idleTimeout,
        heartbeatInterval,
        shutdownGrace,
        allowedHosts,
        allowedOrigins);
  }

  private ServerConfig copy(Duration newRequest, Duration newIdle, Duration newHeartbeat, Duration newGrace) {
    return new ServerConfig(
        host,
        port,
        maxBodyBytes,
        maxConnections,
        newRequest,
        newIdle,
        newHeartbeat,
        newGrace,
        allowedHosts,
        allowedOrigins);
  }

  private ServerConfig copy(Set<String> newHosts, Set<String> newOrigins) {
    return new ServerConfig(
        host,
        port,
        maxBodyBytes,
        maxConnections,
        requestTimeout,
        idleTimeout,
        heartbeatInterval,
        shutdownGrace,
        newHosts,
        newOrigins);
  }

  private static Set<String> lowerCase(Set<String> names) {
    return names.stream().map(name -> name.toLowerCase(Locale.ROOT)).collect(Collectors.toUnmodifiableSet());
  }

  private static void inRange(String name, int value, int low, int high) {
    if (value < low || value > high) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be " + low + " to " + high + ".");
    }
  }

  private static void positive(String name, Duration value) {
    if (!value.isPositive()) {
      throw new IllegalArgumentException(name + " is " + value + "; it must be positive.");
    }
  }
}
