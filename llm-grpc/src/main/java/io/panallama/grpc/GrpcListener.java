package io.panallama.grpc;

import io.grpc.Server;
import io.grpc.ServerInterceptors;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.netty.shaded.io.netty.channel.EventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.MultiThreadIoEventLoopGroup;
import io.grpc.netty.shaded.io.netty.channel.nio.NioIoHandler;
import io.grpc.netty.shaded.io.netty.channel.socket.nio.NioServerSocketChannel;
import io.grpc.netty.shaded.io.netty.handler.ssl.ApplicationProtocolConfig;
import io.grpc.netty.shaded.io.netty.handler.ssl.ClientAuth;
import io.grpc.netty.shaded.io.netty.handler.ssl.IdentityCipherSuiteFilter;
import io.grpc.netty.shaded.io.netty.handler.ssl.JdkSslContext;
import io.grpc.netty.shaded.io.netty.handler.ssl.SslContext;
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
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLParameters;

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
  private final EventLoopGroup loop;

  private GrpcListener(List<Server> servers, HealthFollower health, ExecutorService threads, EventLoopGroup loop) {
    this.servers = List.copyOf(servers);
    this.health = health;
    this.threads = threads;
    this.loop = loop;
  }

  static GrpcListener open(ServerConfig config, int port, SharedServer shared) throws IOException {
    // Netty would look for faster ways than the JDK's, with native code and sun.misc.Unsafe, of both of which the JVM
    // warns.
    setUnlessSet("io.grpc.netty.shaded.io.netty.noUnsafe");
    setUnlessSet("io.grpc.netty.shaded.io.netty.transport.noNative");
    HealthStatusManager manager = new HealthStatusManager();
    HealthFollower health = HealthFollower.start(shared.registry(), manager);
    ExecutorService threads =
        Executors.newThreadPerTaskExecutor(Thread.ofVirtual().name("panallama-grpc-", 0).factory());
    // One thread moves the bytes of all connections; requests are worked for by virtual threads.
    EventLoopGroup loop =
        new MultiThreadIoEventLoopGroup(
            1, Thread.ofPlatform().name("panallama-grpc-io").daemon(true).factory(), NioIoHandler.newFactory());
    List<Server> servers = new ArrayList<>();
    int common = port;
    try {
      for (InetAddress address : shared.addresses()) {
        Server server = server(config, new InetSocketAddress(address, common), shared, loop, threads, manager);
        server.start();
        servers.add(server);
        common = server.getPort();
      }
      return new GrpcListener(servers, health, threads, loop);
    } catch (IOException | RuntimeException refused) {
      new GrpcListener(servers, health, threads, loop).close();
      throw refused;
    }
  }

  private static void setUnlessSet(String property) {
    if (System.getProperty(property) == null) {
      System.setProperty(property, "true");
    }
  }

  private static Server server(
      ServerConfig config,
      InetSocketAddress address,
      SharedServer shared,
      EventLoopGroup loop,
      ExecutorService threads,
      HealthStatusManager manager) {
    NettyServerBuilder builder =
        NettyServerBuilder.forAddress(address)
            .bossEventLoopGroup(loop)
            .workerEventLoopGroup(loop)
            .channelType(NioServerSocketChannel.class)
            .executor(threads)
            .maxInboundMessageSize(config.maxBodyBytes())
            .maxInboundMetadataSize(METADATA_BYTES)
            .maxConcurrentCallsPerConnection(CALLS_PER_CONNECTION)
            .maxConnectionIdle(IDLE_MINUTES, TimeUnit.MINUTES)
            .handshakeTimeout(config.requestTimeout().toMillis(), TimeUnit.MILLISECONDS)
            .addService(
                ServerInterceptors.intercept(
                    new InferenceService(shared, config.writeTimeout()), new KeyInterceptor(shared)))
            .addService(manager.getHealthService())
            .addService(ProtoReflectionServiceV1.newInstance());
    shared.encryption().ifPresent(context -> builder.sslContext(encryption(context)));
    return builder.build();
  }

  /** The server's own context, with HTTP/2 as the only protocol. */
  private static SslContext encryption(SSLContext context) {
    ApplicationProtocolConfig http2 =
        new ApplicationProtocolConfig(
            ApplicationProtocolConfig.Protocol.ALPN,
            ApplicationProtocolConfig.SelectorFailureBehavior.NO_ADVERTISE,
            ApplicationProtocolConfig.SelectedListenerFailureBehavior.ACCEPT,
            "h2");
    SSLParameters parameters = context.getDefaultSSLParameters();
    return new JdkSslContext(
        context,
        false,
        List.of(parameters.getCipherSuites()),
        IdentityCipherSuiteFilter.INSTANCE,
        http2,
        ClientAuth.NONE,
        parameters.getProtocols(),
        false);
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
    loop.shutdownGracefully(0, FAREWELL_MILLIS, TimeUnit.MILLISECONDS).awaitUninterruptibly(FAREWELL_MILLIS);
  }
}
