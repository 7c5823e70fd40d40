package io.panallama.server;

import org.jspecify.annotations.Nullable;

/**
 * The server could not listen: the port is taken, the address is not of this machine, the name is unknown, or its certificate can't be
 * used.
 */
public final class ServerStartException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final String host;
  private final int port;

  /** The exception for this address; {@code message} says what to do about it. */
  public ServerStartException(String host, int port, String message, @Nullable Throwable cause) {
    super(message, cause);
    this.host = host;
    this.port = port;
  }

  /** The host as it was configured. */
  public String host() {
    return host;
  }

  /** The port as it was configured. */
  public int port() {
    return port;
  }
}
