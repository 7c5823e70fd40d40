package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.webserver.ConnectionContext;
import io.helidon.webserver.http1.Http1Config;
import io.helidon.webserver.http1.Http1ConnectionSelector;
import io.helidon.webserver.spi.ServerConnection;
import io.helidon.webserver.spi.ServerConnectionSelector;
import java.util.Set;

/**
 * Makes every accepted connection a {@link ClientConnection}.
 *
 * <p>It must be the listener's only selector: with a second one, Helidon reads from the socket to tell them apart, bypassing
 * our reader.
 */
public final class WatchedConnections implements ServerConnectionSelector {
  /** What {@link RequestFramer} adds to a head at most: a line end here, a longer spelling there. */
  private static final int SLACK = 8 << 10;

  private final ServerConnectionSelector http1;
  private final ConnectionLimits limits;

  /** Connections that speak HTTP/1.1, with these time-outs. */
  public WatchedConnections(ConnectionLimits limits) {
    Http1Config config =
        Http1Config.builder()
            .maxPrologueLength(RequestFramer.MAX_REQUEST_LINE + SLACK)
            .maxHeadersSize(RequestFramer.MAX_HEADERS + RequestFramer.MAX_REQUEST_LINE + SLACK)
            .build();
    this.http1 = Http1ConnectionSelector.builder().config(config).build();
    this.limits = limits;
  }

  @Override
  public int bytesToIdentifyConnection() {
    return http1.bytesToIdentifyConnection();
  }

  @Override
  public Support supports(BufferData data) {
    return http1.supports(data);
  }

  @Override
  public Set<String> supportedApplicationProtocols() {
    return http1.supportedApplicationProtocols();
  }

  @Override
  public ServerConnection connection(ConnectionContext context) {
    return ClientConnection.around(context, http1, limits);
  }
}
