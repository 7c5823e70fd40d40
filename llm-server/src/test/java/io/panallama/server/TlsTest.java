package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.rawPost;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.generation.FinishReason;
import io.panallama.server.tls.ServerCertificate;
import io.panallama.server.tls.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.time.Duration;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import javax.net.ssl.SSLHandshakeException;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTPS: handshakes, what goes through it, and clients that end it in every way. */
@Timeout(60)
class TlsTest {
  private static final SSLContext CLIENTS =
      TestCertificates.trusting(TestCertificates.ONE, TestCertificates.OTHER);

  @TempDir private Path temp;

  private Path certificateFile;
  private Path keyFile;

  private final ScriptedGenerator generator = new ScriptedGenerator();

  @BeforeEach
  void write() throws IOException {
    certificateFile = temp.resolve("certificate.pem");
    keyFile = temp.resolve("key.pem");
    TestCertificates.ONE.write(certificateFile, keyFile);
  }

  private ServerConfig.Builder config() {
    return TestServer.config().toBuilder().tls(new TlsConfig(certificateFile, keyFile));
  }

  private TestServer start(ServerConfig.Builder config) {
    return TestServer.start(config.build(), generator);
  }

  private static HttpClient client(HttpClient.Version version) {
    return HttpClient.newBuilder().sslContext(CLIENTS).version(version).build();
  }

  private static HttpRequest get(TestServer server, String path) {
    return HttpRequest.newBuilder(server.uri(path)).timeout(Duration.ofSeconds(30)).build();
  }

  private static SSLSocket connect(TestServer server) throws IOException {
    SSLSocket socket =
        (SSLSocket)
            CLIENTS.getSocketFactory().createSocket(InetAddress.getByName("127.0.0.1"), server.server().port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  @ParameterizedTest
  @EnumSource(HttpClient.Version.class)
  void clientsGetTheProtocolThatTheyAskFor(HttpClient.Version version) throws Exception {
    generator.playing(script -> {
      script.say("hi");
      script.finish(FinishReason.STOP);
    });
    try (TestServer server = start(config());
        HttpClient client = client(version)) {
      assertThat(server.server().uri()).hasScheme("https");
      HttpResponse<String> health = client.send(get(server, "/health"), HttpResponse.BodyHandlers.ofString());
      assertThat(health.version()).isEqualTo(version);
      assertThat(health.statusCode()).isEqualTo(200);
      HttpRequest chat =
          HttpRequest.newBuilder(server.uri(CHAT)).POST(HttpRequest.BodyPublishers.ofString(HELLO_STREAM)).build();
      HttpResponse<String> stream = client.send(chat, HttpResponse.BodyHandlers.ofString());
      assertThat(stream.body()).contains("\"content\":\"hi\"").contains("[DONE]");
      assertThat(stream.sslSession().orElseThrow().getProtocol()).isEqualTo("TLSv1.3");
    }
  }
}
