package io.panallama.grpc;

import io.grpc.InsecureServerCredentials;
import io.grpc.Server;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptors;
import io.grpc.okhttp.OkHttpServerBuilder;
import io.grpc.okhttp.SslSocketFactoryServerCredentials;
import io.grpc.protobuf.services.HealthStatusManager;
import io.grpc.protobuf.services.ProtoReflectionServiceV1;
import io.panallama.server.FrontEnd;
import io.panallama.server.ServerConfig;
import io.panallama.server.SharedServer;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;

/**
 * The services, listening on each address of the HTTP server. Health and reflection need no key, as {@code /health} and {@code /openapi.json}
 * need none. Safe for any thread.
 */
final class GrpcListener implements FrontEnd.Running {
  /** How long a connection without a call may stay open; gRPC's clients make another when they need it. */
  private static final long IDLE_MINUTES = 5;

  /** As many as the HTTP server takes on a connection of HTTP/2. */
  private static final int CALLS_PER_CONNECTION = 100;

  /** As large as the HTTP server's heads. */
  private static final int METADATA_BYTES = 16 << 10;

  /** How long calls may take to tell their clients that they were ended. */
  private static final long FAREWELL_MILLIS = 500;

  private final List<Server> servers;
  private final HealthFollower health;
  private final ExecutorService threads;

  private GrpcListener(List<Server> servers, HealthFollower health, ExecutorService threads) {
    this.servers = List.copyOf(servers);
    this.health = health;
    this.threads = threads;
  }

  static GrpcListener open(ServerConfig config, int port, SharedServer shared) throws IOException {
    HealthStatusManager manager = new HealthStatusManager();
    HealthFollower health = HealthFollower.start(shared.registry(), manager);
    ExecutorService threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("panallama-grpc-", 0).factory());
    List<Server> servers = new ArrayList<>();
    LimitedSockets sockets = new LimitedSockets(config.maxConnections());
    int common = port;
    try {
      for (InetAddress address : shared.addresses()) {
        Server server =
            OkHttpServerBuilder.forPort(new InetSocketAddress(address, common), credentials(shared))
                .socketFactory(sockets)
                .executor(threads)
                .transportExecutor(threads)
                .maxInboundMessageSize(config.maxBodyBytes())
                .maxInboundMetadataSize(METADATA_BYTES)
                .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION)
                .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES)
                .handshakeTimeout(config.requestTimeout().toMillis(), TimeUnit.MILLISECONDS)
                .addService(
                    ServerInterceptors.intercept(
                        new InferenceService(shared, config.writeTimeout()), new KeyInterceptor(shared)))
                .addService(manager.getHealthService())
                .addService(ProtoReflectionServiceV1.newInstance())
                .build()
                .start();
        servers.add(server);
        common = server.getPort();
      }
      return new GrpcListener(servers, health, threads);
    } catch (IOException | RuntimeException refused) {
      new GrpcListener(servers, health, threads).close();
      throw refused;
    }
  }

  private static ServerCredentials credentials(SharedServer shared) {
    return shared
        .encryption()
        .map(SslSocketFactoryServerCredentials::create)
        .orElseGet(InsecureServerCredentials::create);
  }

  @Override
  public int port() {
    return servers.getFirst().getPort();
  }

  @Override
  public void close() {
    health.close();
    servers.forEach(Server::shutdown);
    long deadline = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(FAREWELL_MILLIS);
    for (Server server : servers) {
      try {
        if (!server.awaitTermination(deadline - System.nanoTime(), TimeUnit.NANOSECONDS)) {
          server.shutdownNow();
        }
      } catch (InterruptedException hurry) {
        server.shutdownNow();
        Thread.currentThread().interrupt();
      }
    }
    threads.shutdownNow();
  }
}
