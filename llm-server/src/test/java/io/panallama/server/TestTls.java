package io.panallama.server;

import io.panallama.server.tls.TestCertificates;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;

/** Connections to servers of tests: plain, or encrypted with {@code -Dpanallama.test.tls=true}. */
final class TestTls {
  private static final boolean ON = Boolean.getBoolean("panallama.test.tls");

  private TestTls() {}

  static boolean isOn() {
    return ON;
  }

  /** The files of the certificate, which stay until the process ends. */
  static TlsConfig files() {
    return OfProcess.FILES;
  }

  static SSLContext clients() {
    return OfProcess.CLIENTS;
  }

  static Socket connect(InetAddress address, int port) throws IOException {
    return ON ? encrypted(clients(), address, port) : new Socket(address, port);
  }

  /** A connection whose handshake is done, without a name that the certificate would have to have. */
  static SSLSocket encrypted(SSLContext clients, InetAddress address, int port) throws IOException {
    SSLSocket socket = (SSLSocket) clients.getSocketFactory().createSocket(address, port);
    try {
      socket.setSoTimeout(20_000);
      socket.startHandshake();
      return socket;
    } catch (IOException failed) {
      socket.close();
      throw failed;
    }
  }

  /** Made when it is first used. */
  private static final class OfProcess {
    static final TlsConfig FILES = write();
    static final SSLContext CLIENTS = TestCertificates.trusting(TestCertificates.ONE);

    private static TlsConfig write() {
      try {
        Path folder = Files.createTempDirectory("panallama-tls");
        TlsConfig files = new TlsConfig(folder.resolve("certificate.pem"), folder.resolve("key.pem"));
        TestCertificates.ONE.write(files.certificates(), files.key());
        files.certificates().toFile().deleteOnExit();
        files.key().toFile().deleteOnExit();
        folder.toFile().deleteOnExit();
        return files;
      } catch (IOException failed) {
        throw new UncheckedIOException(failed);
      }
    }
  }
}
