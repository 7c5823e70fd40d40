package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.ChatServer;
import io.panallama.server.ServerConfig;
import io.panallama.server.TlsConfig;
import io.panallama.server.tls.TestCertificates;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

@Timeout(60)
class HealthCommandTest {
  private final FakeInference inference = new FakeInference();

  private CliRun health(String... options) {
    String[] args = new String[options.length + 1];
    args[0] = "health";
    System.arraycopy(options, 0, args, 1, options.length);
    return CliRun.of(inference, args);
  }

  private static ServerConfig.Builder config() {
    return ServerConfig.builder().port(0).hosts(List.of("127.0.0.1")).shutdownGrace(Duration.ZERO);
  }

  @Test
  void aServerWithItsModelIsWell() {
    try (ChatServer server = ChatServer.start(config().build())) {
      server.serveWithoutGenerator();
      CliRun run = health("--url", server.uri().toString());
      assertThat(run.code()).isZero();
      assertThat(run.out()).isEqualTo("{\"status\":\"ok\"}\n");
      assertThat(run.err()).isEmpty();
      // As users type addresses.
      assertThat(health("--url", "127.0.0.1:" + server.port()).code()).isZero();
    }
  }

  @Test
  void aServerThatLoadsIsNot() {
    try (ChatServer server = ChatServer.start(config().build())) {
      CliRun run = health("--url", server.uri().toString());
      assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(run.err()).contains("/health: status 503: ", "Loading model").hasLineCount(1);
      assertThat(run.out()).isEmpty();
      CliRun ready = health("--ready", "--url", server.uri().toString());
      assertThat(ready.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(ready.err()).contains("/ready: status 503: ", "not_ready").hasLineCount(1);
    }
  }

  @Test
  void nobodyIsNot() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      port = free.getLocalPort();
    }
    CliRun run = health("--url", "http://127.0.0.1:" + port);
    assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
    assertThat(run.err()).startsWith("panallama: http://127.0.0.1:" + port + "/health: ").hasLineCount(1);
  }

  @Test
  void aServerThatDoesNotAnswerIsNot() throws Exception {
    // The system takes the connection, and nobody answers.
    try (ServerSocket silent = new ServerSocket(0, 8, InetAddress.getLoopbackAddress())) {
      CliRun run = health("--url", "127.0.0.1:" + silent.getLocalPort(), "--timeout", "50ms");
      assertThat(run.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(run.err()).contains("timed out").hasLineCount(1);
    }
  }

  @Test
  void anEncryptedServerIsAskedByItsCertificateOrWithoutIt(@TempDir Path files) throws Exception {
    Path certificate = files.resolve("cert.pem");
    Path key = files.resolve("key.pem");
    TestCertificates.ONE.write(certificate, key);
    try (ChatServer server = ChatServer.start(config().tls(new TlsConfig(certificate, key)).build())) {
      server.serveWithoutGenerator();
      CliRun refused = health("--url", server.uri().toString());
      assertThat(refused.code()).isEqualTo(ExitCode.FAILURE);
      assertThat(refused.err()).startsWith("panallama: https://").hasLineCount(1);
      assertThat(health("--insecure", "--url", server.uri().toString()).code()).isZero();
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          --url ftp://localhost      | --url is "ftp://localhost"; it must be an http or https URL with a host.
          --url http://              | --url is no URL
          --url http://a^b           | --url is no URL
          --timeout 0                | --timeout is 0ms; it must be more than 0
          """)
  void optionsThatCanNotBeUsed(String options, String message) {
    CliRun run = health(options.split(" "));
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: " + message).hasLineCount(1);
  }
}
