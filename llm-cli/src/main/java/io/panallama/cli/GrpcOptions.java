package io.panallama.cli;

import io.panallama.server.ChatServer;
import java.util.OptionalInt;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Whether the models are served over gRPC as well. */
final class GrpcOptions {
  private static final int HIGHEST = 65535;

  @Option(
      names = "--grpc-port",
      paramLabel = "PORT",
      description =
          "Answer gRPC on this port of each --host, too: generating (panallama.v1.Inference), health and reflection; 0"
              + " takes a free one. Keys and certificate are the same. Default: none.")
  private @Nullable Integer port;

  /**
   * Checks the option.
   *
   * @throws UsageException if it is out of its range
   */
  void check() {
    if (port != null && (port < 0 || port > HIGHEST)) {
      throw new UsageException("--grpc-port is " + port + "; it must be 0 to " + HIGHEST + ".");
    }
  }

  /**
   * Listens, if it was asked for.
   *
   * @return the port
   * @throws UsageException if the program was installed without gRPC
   * @throws io.panallama.server.ServerStartException if the port is taken
   */
  OptionalInt open(ChatServer server) {
    return port == null ? OptionalInt.empty() : OptionalInt.of(server.open(FrontEnds.find("grpc"), port));
  }
}
