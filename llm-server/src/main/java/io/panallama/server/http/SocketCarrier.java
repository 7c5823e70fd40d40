package io.panallama.server.http;

import io.helidon.common.socket.HelidonSocket;
import io.helidon.common.socket.NioSocket;
import java.io.IOException;
import java.net.InetSocketAddress;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.time.Duration;

/** A socket that was accepted, which it owns. Safe for any thread. */
final class SocketCarrier implements Carrier {
  private static final System.Logger LOGGER = System.getLogger(SocketCarrier.class.getName());

  private static final Duration LINGER = Duration.ofSeconds(1);

  private final SocketChannel channel;
  private final HelidonSocket socket;
  private final String authority;
  private final boolean localSocket;

  /**
   * A socket.
   *
   * @param name of the connection, for the log
   */
  SocketCarrier(SocketChannel channel, String name) throws IOException {
    this.channel = channel;
    this.socket = NioSocket.server(channel, name, "panallama");
    this.authority = authority(channel);
    this.localSocket = channel.getLocalAddress() instanceof UnixDomainSocketAddress;
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
