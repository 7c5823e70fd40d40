package io.panallama.server.tls;

import java.io.IOException;
import java.io.InputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.util.function.Consumer;
import java.util.function.Supplier;
import javax.net.ssl.SSLSocket;
import javax.net.ssl.SSLSocketFactory;

/**
 * Layers encryption over connections that a server has accepted, with the context of that moment. A factory by its type alone: it
 * connects to nobody. Safe for any thread.
 */
final class ServerSideSockets extends SSLSocketFactory {
  private final Supplier<SSLSocketFactory> current;
  private final Consumer<SSLSocket> restrict;

  /**
   * A factory.
   *
   * @param current the factory of the certificate now
   * @param restrict sets what the server allows on each connection
   */
  ServerSideSockets(Supplier<SSLSocketFactory> current, Consumer<SSLSocket> restrict) {
    this.current = current;
    this.restrict = restrict;
  }

  @Override
  public String[] getDefaultCipherSuites() {
    return current.get().getDefaultCipherSuites();
  }

  @Override
  public String[] getSupportedCipherSuites() {
    return current.get().getSupportedCipherSuites();
  }

  @Override
  public Socket createSocket(Socket accepted, String host, int port, boolean autoClose) throws IOException {
    return restricted(current.get().createSocket(accepted, host, port, autoClose));
  }

  @Override
  public Socket createSocket(Socket accepted, InputStream consumed, boolean autoClose) throws IOException {
    return restricted(current.get().createSocket(accepted, consumed, autoClose));
  }

  private Socket restricted(Socket socket) {
    restrict.accept((SSLSocket) socket);
    return socket;
  }

  @Override
  public Socket createSocket(String host, int port) throws IOException {
    throw connectsToNobody();
  }

  @Override
  public Socket createSocket(String host, int port, InetAddress from, int fromPort) throws IOException {
    throw connectsToNobody();
  }

  @Override
  public Socket createSocket(InetAddress host, int port) throws IOException {
    throw connectsToNobody();
  }

  @Override
  public Socket createSocket(InetAddress host, int port, InetAddress from, int fromPort) throws IOException {
    throw connectsToNobody();
  }

  private static IOException connectsToNobody() {
    return new IOException("A server's certificate makes no connections.");
  }
}
