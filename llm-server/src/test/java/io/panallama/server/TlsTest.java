package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.rawPost;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.generation.FinishReason;
import io.panallama.server.http.ClientConnection;
import io.panallama.server.tls.ServerCertificate;
import io.panallama.server.tls.TestCertificates;
import java.io.IOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.UnixDomainSocketAddress;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.cert.Certificate;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import javax.net.ssl.SSLContext;
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
  private static final SSLContext CLIENTS = TestCertificates.trusting(TestCertificates.ONE, TestCertificates.OTHER);

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

  private static SSLSocket connect(TestServer server, String version) throws IOException {
    SSLSocket socket = unconnected(server);
    socket.setEnabledProtocols(new String[] {version});
    return socket;
  }

  private static SSLSocket unconnected(TestServer server) throws IOException {
    SSLSocket socket =
        (SSLSocket) CLIENTS.getSocketFactory().createSocket(InetAddress.getLoopbackAddress(), server.server().port());
    socket.setSoTimeout(20_000);
    return socket;
  }

  private static SSLSocket connect(TestServer server) throws IOException {
    return TestTls.encrypted(CLIENTS, InetAddress.getLoopbackAddress(), server.server().port());
  }

  private static RawHttp plain(TestServer server) throws IOException {
    return new RawHttp(new Socket(InetAddress.getLoopbackAddress(), server.server().port()));
  }

  /** Waits for the end of a connection, which is a reset if the server has left bytes unread. */
  private static boolean isEnded(RawHttp client) throws IOException {
    try {
      return client.socket().getInputStream().read() < 0;
    } catch (SocketTimeoutException open) {
      return false;
    } catch (SocketException reset) {
      return true;
    }
  }

  /** RFC 8446, 6.1: an end without close_notify would be one that somebody else has made. */
  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void anAnswerEndsInOrder(String version) throws Exception {
    try (TestServer server = start(config());
        RawHttp client = new RawHttp(connect(server, version))) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
      assertThat(client.readAll()).extracting(RawHttp.Answer::status).containsExactly(200);
    }
  }

  @Test
  void weakVersionsAndCiphersAreRefused() throws Exception {
    try (TestServer server = start(config())) {
      try (SSLSocket old = connect(server, "TLSv1.2")) {
        old.setEnabledCipherSuites(new String[] {"TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256"});
        assertThatThrownBy(old::startHandshake).isInstanceOf(SSLHandshakeException.class);
      }
      try (SSLSocket old = connect(server, "TLSv1.2")) {
        old.startHandshake();
        assertThat(old.getSession().getCipherSuite()).matches("TLS_ECDHE_.*(GCM|CHACHA20).*");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"TLSv1.2", "TLSv1.3"})
  void aClientThatSendsAHugeBodyBeforeItReadsGetsTheRefusal(String version) throws Exception {
    byte[] part = new byte[1 << 20];
    int parts = 20;
    try (TestServer server = start(config());
        RawHttp client = new RawHttp(connect(server, version))) {
      client.send(
          "POST " + CHAT + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + parts * part.length + "\r\n\r\n");
      for (int i = 0; i < parts; i++) {
        client.send(part);
      }
      assertThat(client.read().status()).isEqualTo(413);
    }
  }

  /** With a message of farewell, without one, and with a reset. */
  @ParameterizedTest
  @ValueSource(strings = {"close_notify", "FIN", "RST"})
  void aClientThatLeavesCancels(String farewell) throws Exception {
    try (TestServer server = start(config())) {
      Socket wire = new Socket(InetAddress.getLoopbackAddress(), server.server().port());
      SSLSocket client = (SSLSocket) CLIENTS.getSocketFactory().createSocket(wire, "127.0.0.1", wire.getPort(), true);
      client.getOutputStream().write(rawPost(CHAT, HELLO_STREAM).getBytes(StandardCharsets.UTF_8));
      ScriptedGenerator.Script script = generator.next();
      assertThat(script.isCancelled()).isFalse();
      switch (farewell) {
        case "close_notify" -> client.shutdownOutput();
        case "FIN" -> wire.shutdownOutput();
        default -> wire.setSoLinger(true, 0);
      }
      if (farewell.equals("RST")) {
        wire.close();
      }
      assertThat(script.awaitCancel()).isTrue();
      assertThat(script.awaitClose()).isTrue();
      server.awaitNoConnections();
      wire.close();
    }
  }

  @Test
  void aClientThatDoesNotReadIsCut() throws Exception {
    try (TestServer server = start(config().writeTimeout(Duration.ofSeconds(1)));
        RawHttp client = new RawHttp(connect(server))) {
      client.send(rawPost(CHAT, HELLO_STREAM));
      ScriptedGenerator.Script script = generator.next();
      for (int i = 0; i < 16; i++) {
        script.say("x".repeat(1 << 20));
      }
      assertThat(script.awaitClose()).isTrue();
      server.awaitNoConnections();
      assertThat(client.socket().isClosed()).isFalse();
    }
  }

  @Test
  void aClientThatNegotiatesAgainIsSentAway() throws Exception {
    try (TestServer server = start(config());
        SSLSocket client = connect(server, "TLSv1.2")) {
      client.startHandshake();
      assertThatThrownBy(
              () -> {
                client.startHandshake();
                client.getInputStream().read();
              })
          .isInstanceOf(IOException.class);
      server.awaitNoConnections();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"})
  void aClientThatDoesNotEncryptIsToldSo(String request) throws Exception {
    try (TestServer server = start(config());
        RawHttp client = plain(server)) {
      client.send(request);
      RawHttp.Answer answer = client.read();
      assertThat(answer.status()).isEqualTo(400);
      assertThat(TestServer.json(answer.body()).path("error").path("code").textValue()).isEqualTo("https_required");
      assertThat(client.socket().getInputStream().read()).isEqualTo(-1);
    }
  }

  /** A handshake has the time of a request. */
  @ParameterizedTest
  @ValueSource(strings = {"", "\u0016", "\u0016\u0003\u0001\u0002\u0000\u0001\u0000"})
  void aHandshakeThatDoesNotEndIsEnded(String sent) throws Exception {
    try (TestServer server = start(config().requestTimeout(Duration.ofMillis(200)));
        RawHttp client = plain(server)) {
      client.send(sent);
      assertThat(isEnded(client)).isTrue();
      server.awaitNoConnections();
    }
  }

  @Test
  void handshakesThatDoNotEndMakeRoomForOthers() throws Exception {
    List<RawHttp> silent = new ArrayList<>();
    try (TestServer server = start(config().maxConnections(4));
        RawHttp running = new RawHttp(connect(server))) {
      running.send(rawPost(CHAT, HELLO_STREAM));
      ScriptedGenerator.Script script = generator.next();
      for (int i = 0; i < 5; i++) {
        RawHttp client = plain(server);
        client.send(i % 2 == 0 ? "" : "\u0016\u0003\u0001");
        silent.add(client);
      }
      try (RawHttp other = new RawHttp(connect(server))) {
        other.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(other.read().status()).isEqualTo(200);
      }
      script.finish(FinishReason.STOP);
      assertThat(running.read().status()).isEqualTo(200);
    } finally {
      for (RawHttp client : silent) {
        client.close();
      }
    }
  }

  @Test
  void aShutdownDoesNotWaitForHandshakes() throws Exception {
    TestServer server = start(config());
    try (RawHttp client = plain(server)) {
      client.send("\u0016");
      long began = System.nanoTime();
      server.close();
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(5));
      assertThat(isEnded(client)).isTrue();
    }
  }

  /** Garbage, broken handshakes and ones that are left, while other clients ask whether the server is well. */
  @Test
  void brokenHandshakesHoldNobodyUp() throws Exception {
    Random random = new Random(18);
    List<Long> times = new ArrayList<>();
    try (LogRecords broken = LogRecords.of(ClientConnection.class);
        TestServer server = start(config());
        RawHttp health = new RawHttp(connect(server))) {
      for (int i = 0; i < 100; i++) {
        try (RawHttp client = plain(server)) {
          byte[] bytes = new byte[1 + random.nextInt(600)];
          random.nextBytes(bytes);
          if (i % 2 == 0) {
            // A record of a handshake by its head alone.
            byte[] head = {22, 3, 1, (byte) (bytes.length >> 8), (byte) bytes.length, 1};
            System.arraycopy(head, 0, bytes, 0, Math.min(head.length, bytes.length));
          }
          client.send(bytes);
          if (i % 4 == 0) {
            client.socket().setSoLinger(true, 0);
          }
        }
        long began = System.nanoTime();
        health.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
        assertThat(health.read().status()).isEqualTo(200);
        times.add(System.nanoTime() - began);
      }
      times.sort(null);
      // A single one may wait for something else on a busy machine.
      assertThat(Duration.ofNanos(times.get(times.size() * 9 / 10))).isLessThan(Duration.ofMillis(100));
      assertThat(broken.errors()).isEmpty();
      assertThat(broken.warnings()).isEmpty();
    }
  }

  /** Eight clients stream, over connections of their own, while the files are replaced several times, once by a broken pair. */
  @Test
  void aCertificateIsReplacedUnderLoad() throws Exception {
    generator.playing(script -> {
      script.say("hi");
      script.finish(FinishReason.STOP);
    });
    AtomicBoolean done = new AtomicBoolean();
    try (LogRecords log = LogRecords.of(ServerCertificate.class);
        TestServer server = start(config());
        ExecutorService clients = Executors.newVirtualThreadPerTaskExecutor()) {
      List<Future<Integer>> counts = new ArrayList<>();
      try {
        for (int i = 0; i < 8; i++) {
          boolean again = i % 2 == 0;
          counts.add(clients.submit(() -> askUntil(done, server, again)));
        }
        TestCertificates.OTHER.write(certificateFile, keyFile);
        awaitShown(server, TestCertificates.OTHER);
        TestCertificates.replace(keyFile, TestCertificates.ONE.keyPem());
        awaitWarning(log, "does not belong to the certificate");
        assertThat(shown(server)).isEqualTo(TestCertificates.OTHER.certificate());
        TestCertificates.replace(certificateFile, TestCertificates.ONE.certificatePem());
        awaitShown(server, TestCertificates.ONE);
      } finally {
        done.set(true);
      }
      for (Future<Integer> count : counts) {
        assertThat(count.get(20, TimeUnit.SECONDS)).isPositive();
      }
    }
  }

  /** Asks again and again, on one connection or on a new one each time; how often. */
  private static int askUntil(AtomicBoolean done, TestServer server, boolean oneConnection) throws IOException {
    int answers = 0;
    RawHttp client = new RawHttp(connect(server));
    try {
      while (!done.get()) {
        client.send(rawPost(CHAT, HELLO_STREAM));
        RawHttp.Answer answer = client.read();
        assertThat(answer.status()).isEqualTo(200);
        assertThat(answer.body()).contains("hi").contains("[DONE]");
        answers++;
        if (!oneConnection) {
          client.close();
          client = new RawHttp(connect(server));
        }
      }
      return answers;
    } finally {
      client.close();
    }
  }

  private static Certificate shown(TestServer server) throws IOException {
    try (SSLSocket client = connect(server)) {
      return client.getSession().getPeerCertificates()[0];
    }
  }

  private static void awaitShown(TestServer server, TestCertificates expected) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (!shown(server).equals(expected.certificate())) {
      assertThat(System.nanoTime()).as("the new certificate").isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  private static void awaitWarning(LogRecords log, String part) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (log.warnings().stream().noneMatch(warning -> warning.contains(part))) {
      assertThat(System.nanoTime()).as(part).isLessThan(deadline);
      Thread.sleep(50);
    }
  }

  @Test
  void aUnixSocketStaysPlain() throws Exception {
    Path path = temp.resolve("s.sock");
    try (TestServer _ = start(config().hosts(List.of("unix:" + path)));
        SocketChannel client = SocketChannel.open(UnixDomainSocketAddress.of(path))) {
      client.write(ByteBuffer.wrap("GET /health HTTP/1.0\r\n\r\n".getBytes(StandardCharsets.UTF_8)));
      assertThat(new String(Channels.newInputStream(client).readAllBytes(), StandardCharsets.UTF_8))
          .startsWith("HTTP/1.1 200 ");
    }
  }

  @Test
  void whatCannotBeUsedIsAnErrorOfTheStart() throws Exception {
    TestCertificates.replace(keyFile, TestCertificates.OTHER.keyPem());
    assertThatThrownBy(() -> ChatServer.start(config().build()))
        .isInstanceOf(ServerStartException.class)
        .hasMessage(
            "Can't encrypt: " + keyFile + ": the key does not belong to the certificate in " + certificateFile + ".");
  }

  @Test
  void pagesOfTheServerItselfAreItsOwn() throws Exception {
    try (TestServer server = start(config().allowedOrigins(Set.of("https://elsewhere.example")));
        RawHttp client = new RawHttp(connect(server))) {
      String host = "localhost:" + server.server().port();
      for (String origin : List.of("https://" + host, "https://elsewhere.example", "https://evil.example")) {
        client.send("GET /v1/models HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\n\r\n");
        assertThat(client.read().status()).as(origin).isEqualTo(origin.contains("evil") ? 403 : 200);
      }
    }
  }
}
