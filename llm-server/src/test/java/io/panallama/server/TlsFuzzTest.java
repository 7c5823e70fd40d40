package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.http.ClientConnection;
import io.panallama.server.tls.TestCertificates;
import java.io.FilterOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Random;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Conversations of TLS of which one message is broken: its handshake, or what follows it. Whatever comes, the server ends the connection
 * and logs no fault. {@link Fuzzing} has the parameters.
 */
@Tag("fuzz")
class TlsFuzzTest {
  private static final int FEW = 60;

  /** How long the client waits for an answer that may not come, in milliseconds. */
  private static final int PATIENCE = 200;

  /** A connection of which one write is changed. */
  private static final class BrokenSocket extends Socket {
    private final Random random;
    private int left;

    BrokenSocket(int port, Random random) throws IOException {
      super(InetAddress.getLoopbackAddress(), port);
      this.random = random;
      left = random.nextInt(5);
    }

    @Override
    public OutputStream getOutputStream() throws IOException {
      return new FilterOutputStream(super.getOutputStream()) {
        @Override
        public void write(byte[] bytes, int from, int length) throws IOException {
          byte[] sent = Arrays.copyOfRange(bytes, from, from + length);
          out.write(left-- == 0 && length > 0 ? ByteMutation.any(sent, random) : sent);
        }
      };
    }
  }

  @Test
  void brokenConversationsEndWithoutAFault(@TempDir Path temp) throws Exception {
    TlsConfig files = new TlsConfig(temp.resolve("certificate.pem"), temp.resolve("key.pem"));
    TestCertificates.ONE.write(files.certificates(), files.key());
    SSLContext clients = TestCertificates.trusting(TestCertificates.ONE);
    Random random = new Random(Fuzzing.seed());
    ServerConfig config = TestServer.config().toBuilder().tls(files).build();
    try (LogRecords connections = LogRecords.of(ClientConnection.class);
        LogRecords faults = LogRecords.of(Class.forName("io.panallama.server.http.Faults"));
        TestServer server = TestServer.start(config, new ScriptedGenerator())) {
      long began = System.nanoTime();
      for (int i = 0; Fuzzing.goesOn(i, FEW, began); i++) {
        converse(clients, new BrokenSocket(server.server().port(), random), i % 2 == 0 ? "TLSv1.3" : "TLSv1.2");
      }
      server.awaitNoConnections();
      try (RawHttp last =
          new RawHttp(TestTls.encrypted(clients, InetAddress.getLoopbackAddress(), server.server().port()))) {
        last.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(last.read().status()).isEqualTo(200);
      }
      assertThat(connections.errors()).isEmpty();
      assertThat(faults.thrown()).isEmpty();
    }
  }

  private static void converse(SSLContext clients, Socket wire, String version) throws IOException {
    wire.setSoTimeout(PATIENCE);
    try (wire;
        SSLSocket client =
            (SSLSocket) clients.getSocketFactory().createSocket(wire, "localhost", wire.getPort(), true)) {
      client.setEnabledProtocols(new String[] {version});
      client.startHandshake();
      for (int i = 0; i < 3; i++) {
        client
            .getOutputStream()
            .write("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
        client.getInputStream().read(new byte[1024]);
      }
    } catch (IOException broken) {
      // That is what it is for.
      return;
    }
  }
}
