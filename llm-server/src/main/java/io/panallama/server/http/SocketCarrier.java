package io.panallama.server.http;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.NioSocket;
import io.panallama.server.tls.ServerCertificate;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A socket that was accepted, which it owns, with or without TLS. Safe for any thread. */
final class SocketCarrier implements Carrier {
  private static final System.Logger LOGGER = System.getLogger(SocketCarrier.class.getName());

  private static final Duration LINGER = Duration.ofSeconds(1);

  private final SocketChannel channel;
  private final HelidonSocket socket;

  /** The same socket if it encrypts; null if not. */
  private final @Nullable TlsSocket tls;

  private final String authority;
  private final boolean localSocket;

  /**
   * A socket.
   *
   * @param name of the connection, for the log
   * @param certificate by which it encrypts, unless it is a Unix domain socket; null if it does not encrypt
   */
  SocketCarrier(SocketChannel channel, String name, @Nullable ServerCertificate certificate) throws IOException {
    this.channel = channel;
    this.authority = authority(channel);
    this.localSocket = channel.getLocalAddress() instanceof UnixDomainSocketAddress;
    HelidonSocket wire = NioSocket.server(channel, name, "panallama");
    this.tls = certificate == null || localSocket ? null : new TlsSocket(wire, certificate.engine());
    this.socket = tls == null ? wire : tls;
  }

  private static String authority(SocketChannel channel) throws IOException {
    if (!(channel.getLocalAddress() instanceof InetSocketAddress own)) {
      return "localhost";
    }
    String address = own.getAddress().getHostAddress().replaceFirst("%.*", "");
    String host =
        own.getAddress().isLoopbackAddress() ? "localhost" : address.contains(":") ? "[" + address + "]" : address;
    return host + ":" + own.getPort();
  }

  @Override
  public void begin() throws IOException {
    if (tls != null) {
      tls.handshake(this::shutdownOutput);
    }
  }

  @Override
  public HelidonSocket socket() {
    return socket;
  }

  @Override
  public String authority() {
    return authority;
  }

  @Override
  public boolean isLocalSocket() {
    return localSocket;
  }

  @Override
  public boolean isStream() {
    return false;
  }

  @Override
  public Duration linger() {
    return LINGER;
  }

  @Override
  public void endOutput(boolean complete) {
    if (tls != null) {
      tls.endOutput();
    }
    shutdownOutput();
  }

  private void shutdownOutput() {
    try {
      channel.shutdownOutput();
    } catch (IOException gone) {
      LOGGER.log(System.Logger.Level.TRACE, "Closing a connection that is broken", gone);
    }
  }

  @Override
  public void cut() {
    try {
      channel.close();
    } catch (IOException alreadyBroken) {
      LOGGER.log(System.Logger.Level.TRACE, "Closing a connection that is broken", alreadyBroken);
    }
  }

  @Override
  public void drain() {}
}
