package io.panallama.server;

import java.io.IOException;

/**
 * A server of another protocol than HTTP for the same models, keys and certificate, on a port of its own. It is a {@linkplain
 * java.util.ServiceLoader service}; {@code panallama-grpc} provides one. {@link ChatServer#open} starts it.
 */
public interface FrontEnd {
  /** The protocol's name in lower case, such as {@code grpc}. */
  String protocol();

  /**
   * Starts listening.
   *
   * @param config of the HTTP server, for the limits that hold for both
   * @param port 0 takes a free one
   * @throws IOException if the port is taken, or an address can't be listened on
   */
  Running start(ServerConfig config, int port, SharedServer server) throws IOException;

  /** A front end that listens, until it is closed. Safe for any thread. */
  interface Running extends AutoCloseable {
    /** The port that it listens on. */
    int port();

    /** Ends the calls that are left, and stops listening. Repeating it is harmless. */
    @Override
    void close();
  }
}
