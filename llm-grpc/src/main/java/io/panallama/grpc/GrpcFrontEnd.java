package io.panallama.grpc;

import io.panallama.server.FrontEnd;
import io.panallama.server.ServerConfig;
import io.panallama.server.SharedServer;
import java.io.IOException;

/** Serves a chat server's models over gRPC as well. Stateless, so one may serve several servers. */
public final class GrpcFrontEnd implements FrontEnd {
  /** The front end, also for {@link java.util.ServiceLoader}. */
  public GrpcFrontEnd() {}

  @Override
  public String protocol() {
    return "grpc";
  }

  @Override
  public Running start(ServerConfig config, int port, SharedServer server) throws IOException {
    return GrpcListener.open(config, port, server);
  }
}
