package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.rawPost;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.RawHttp.Answer;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.tls.TestCertificates;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.SocketException;
import java.net.SocketTimeoutException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.zip.GZIPOutputStream;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLSocket;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * All the forms of attack at once against two servers, one of which encrypts, while others ask for {@code /health}: each form gets its right
 * status or the end of its connection, and the others their answers. How long these took is printed.
 */
@Tag("integration")
@Timeout(180)
class HostileClientsTest {
  private static final String HOST = "Host: localhost\r\n";
  private static final int HUGE = 100 << 20;

  /** A hundred megabytes, compressed to a thousandth. */
  private static final byte[] BOMB = compressed();

  /** How often each form is tried. */
  private static final int ROUNDS = 2;

  private static final int SLOW_CLIENTS = 40;

  private final LogRecords faults = LogRecords.of(ErrorBoundary.class);
  private final List<Long> probes = Collections.synchronizedList(new ArrayList<>());
  private final SSLContext trusting = TestCertificates.trusting(TestCertificates.ONE);
  private volatile boolean done;
  private TestServer plain;
  private TestServer encrypted;

  @TempDir private Path files;

  @BeforeEach
  void start() throws IOException {
    TlsConfig certificate = new TlsConfig(files.resolve("certificate.pem"), files.resolve("key.pem"));
    TestCertificates.ONE.write(certificate.certificates(), certificate.key());
    // Plain even where the other tests encrypt.
    ServerConfig config =
        ServerConfig.builder()
            .port(0)
            .shutdownGrace(Duration.ofMillis(100))
            .requestTimeout(Duration.ofSeconds(2))
            .build();
    plain = TestServer.start(config, ScriptedGenerator.answering("hi"));
    encrypted = TestServer.start(config.toBuilder().tls(certificate).build(), ScriptedGenerator.answering("hi"));
  }

  @AfterEach
  void stop() {
    plain.close();
    encrypted.close();
    faults.close();
  }

  /** What one hostile client does, and what it has to be answered. */
  private interface Form {
    void attack() throws Exception;
  }

  private Map<String, Form> forms() {
    Map<String, Form> forms = new LinkedHashMap<>();
    forms.put("slow heads", () -> slowly("GET /health HTTP/1.1\r\n" + HOST + "X: " + "a".repeat(10_000)));
    forms.put(
        "slow bodies",
        () -> slowly("POST " + CHAT + " HTTP/1.1\r\n" + HOST + "Content-Length: 10001\r\n\r\n{" + " ".repeat(10_000)));
    forms.put(
        "slow chunks",
        () ->
            slowly(
                "POST "
                    + CHAT
                    + " HTTP/1.1\r\n"
                    + HOST
                    + "Transfer-Encoding: chunked\r\n\r\n"
                    + "1\r\n \r\n".repeat(2_000)));
    forms.put("announced hundred megabytes", this::announcedHugeBody);
    forms.put("sent hundred megabytes", this::sentHugeBody);
    forms.put("chunked hundred megabytes", this::chunkedHugeBody);
    forms.put("compressed hundred megabytes", this::compressedHugeBody);
    forms.put("invalid UTF-8", this::invalidUtf8);
    forms.put("deep JSON", this::deepJson);
    forms.put("flood of headers", this::headerFlood);
    forms.put("traversal", this::traversal);
    forms.put("HTTP/1.0", this::http10);
    forms.put("pipelining", this::pipelining);
    forms.put("smuggling", this::smuggling);
    forms.put("connections that leave", this::leaving);
    forms.put("aborted TLS", this::abortedTls);
    return forms;
  }

  @Test
  void eachIsAnsweredAndOthersAreServed() throws Exception {
    // The clients have threads of their own, so that the server alone has the carriers of virtual ones.
    try (ExecutorService threads = Executors.newThreadPerTaskExecutor(Thread.ofPlatform().factory())) {
      Future<?> plainProbe = threads.submit(() -> probe(plain));
      Future<?> encryptedProbe = threads.submit(() -> probe(encrypted));
      Map<String, Future<?>> running = new LinkedHashMap<>();
      forms()
          .forEach((name, form) ->
              running.put(
                  name,
                  threads.submit(() -> {
                    for (int round = 0; round < ROUNDS; round++) {
                      form.attack();
                    }
                    return name;
                  })));
      try {
        for (Map.Entry<String, Future<?>> form : running.entrySet()) {
          assertThat(form.getValue()).as(form.getKey()).succeedsWithin(Duration.ofSeconds(120));
        }
      } finally {
        done = true;
      }
      assertThat(plainProbe).succeedsWithin(Duration.ofSeconds(30));
      assertThat(encryptedProbe).succeedsWithin(Duration.ofSeconds(30));
    }
    plain.awaitNoConnections();
    encrypted.awaitNoConnections();
    assertThat(faults.errors()).isEmpty();
    assertThat(probes).hasSizeGreaterThan(10);
    print();
  }

  private void print() {
    long[] sorted = probes.stream().mapToLong(Long::longValue).sorted().toArray();
    System.out.printf(
        "/health under attack: %d probes, median %.1f ms, p99 %.1f ms, longest %.1f ms%n",
        sorted.length,
        sorted[sorted.length / 2] / 1e6,
        sorted[(int) Math.min(sorted.length - 1, sorted.length * 99L / 100)] / 1e6,
        sorted[sorted.length - 1] / 1e6);
  }

  // ---- clients ------------------------------------------------------------------------------------------------------

  private Void probe(TestServer server) throws Exception {
    HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).sslContext(trusting).build();
    HttpRequest health = HttpRequest.newBuilder(server.uri("/health")).timeout(Duration.ofSeconds(30)).build();
    try (client) {
      while (!done) {
        long began = System.nanoTime();
        assertThat(client.send(health, HttpResponse.BodyHandlers.ofString()).statusCode()).isEqualTo(200);
        probes.add(System.nanoTime() - began);
        Thread.sleep(10);
      }
    }
    return null;
  }

  private RawHttp client() throws IOException {
    return new RawHttp(new Socket(InetAddress.getLoopbackAddress(), plain.server().port()));
  }

  private Answer ask(String request) throws IOException {
    try (RawHttp client = client()) {
      client.send(request);
      return client.read();
    }
  }

  private Answer post(byte[] body) throws IOException {
    try (RawHttp client = client()) {
      client.send("POST " + CHAT + " HTTP/1.1\r\n" + HOST + "Content-Length: " + body.length + "\r\n\r\n");
      client.send(body);
      return client.read();
    }
  }

  /** Clients that send a byte now and then, and never end. */
  private void slowly(String request) throws Exception {
    List<RawHttp> clients = new ArrayList<>();
    try {
      for (int i = 0; i < SLOW_CLIENTS; i++) {
        clients.add(client());
      }
      byte[] bytes = request.getBytes(StandardCharsets.ISO_8859_1);
      int open = clients.size();
      for (int i = 0; i < bytes.length && open > 0; i++) {
        open = 0;
        for (RawHttp client : clients) {
          open += trySend(client, Arrays.copyOfRange(bytes, i, i + 1)) ? 1 : 0;
        }
        Thread.sleep(20);
      }
      assertThat(open).as("clients that were not sent away").isZero();
      for (RawHttp client : clients) {
        assertThat(statusOrEnd(client)).isIn(0, 408);
      }
    } finally {
      for (RawHttp client : clients) {
        client.close();
      }
    }
  }

  /** Sends a byte; false if the server has answered or closed the connection. */
  private static boolean trySend(RawHttp client, byte[] bytes) {
    try {
      if (client.socket().getInputStream().available() > 0) {
        return false;
      }
      client.send(bytes);
      return true;
    } catch (IOException closed) {
      return false;
    }
  }

  /** The status of the answer; 0 if the connection was closed without one. */
  private static int statusOrEnd(RawHttp client) throws IOException {
    try {
      return client.readStatuses().stream().findFirst().orElse(0);
    } catch (SocketTimeoutException stillOpen) {
      throw stillOpen;
    } catch (IOException reset) {
      return 0;
    }
  }

  // ---- forms --------------------------------------------------------------------------------------------------------

  private void announcedHugeBody() throws IOException {
    String head = "POST " + CHAT + " HTTP/1.1\r\n" + HOST + "Content-Length: " + HUGE + "\r\n";
    assertThat(ask(head + "\r\n{").status()).isEqualTo(413);
    // Whoever asks first need not send it.
    assertThat(ask(head + "Expect: 100-continue\r\n\r\n").status()).isEqualTo(413);
  }

  private void sentHugeBody() throws IOException {
    send(
        "Content-Length: " + HUGE,
        out -> {
          byte[] spaces = spaces();
          for (int sent = 0; sent < HUGE; sent += spaces.length) {
            out.write(spaces);
          }
        });
  }

  private void chunkedHugeBody() throws IOException {
    send(
        "Transfer-Encoding: chunked",
        out -> {
          byte[] spaces = spaces();
          byte[] size = (Integer.toHexString(spaces.length) + "\r\n").getBytes(StandardCharsets.US_ASCII);
          for (int sent = 0; sent < HUGE; sent += spaces.length) {
            out.write(size);
            out.write(spaces);
            out.write("\r\n".getBytes(StandardCharsets.US_ASCII));
          }
        });
  }

  private interface Body {
    void writeTo(OutputStream out) throws IOException;
  }

  /** Sends a body that is too large to its end, or until the server closes the connection. */
  private void send(String framing, Body body) throws IOException {
    try (RawHttp client = client()) {
      client.send("POST " + CHAT + " HTTP/1.1\r\n" + HOST + framing + "\r\n\r\n");
      try {
        body.writeTo(client.socket().getOutputStream());
      } catch (SocketException closed) {
        // It is read on for a while only.
        assertThat(statusOrEnd(client)).isIn(0, 413);
        return;
      }
      assertThat(statusOrEnd(client)).isIn(0, 413);
    }
  }

  private static byte[] spaces() {
    byte[] spaces = new byte[64 << 10];
    Arrays.fill(spaces, (byte) ' ');
    return spaces;
  }

  private static byte[] compressed() {
    ByteArrayOutputStream bomb = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(bomb)) {
      byte[] spaces = spaces();
      for (int sent = 0; sent < HUGE; sent += spaces.length) {
        gzip.write(spaces);
      }
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bomb.toByteArray();
  }

  private void compressedHugeBody() throws IOException {
    try (RawHttp client = client()) {
      client.send(
          "POST "
              + CHAT
              + " HTTP/1.1\r\n"
              + HOST
              + "Content-Encoding: gzip\r\nContent-Length: "
              + BOMB.length
              + "\r\n\r\n");
      int status;
      try {
        client.send(BOMB);
        status = client.read().status();
      } catch (SocketException reset) {
        // It was not read to its end, so the answer may be lost.
        return;
      }
      assertThat(status).isEqualTo(413);
    }
  }

  private void invalidUtf8() throws IOException {
    for (String bytes :
        List.of("\u00ff", "\u00c0\u0080", "\u00ed\u00a0\u0080", "\u00f5\u0080\u0080\u0080", "\u00e2\u0082")) {
      String body = "{\"messages\": [{\"role\": \"user\", \"content\": \"" + bytes + "\"}]}";
      Answer answer = post(body.getBytes(StandardCharsets.ISO_8859_1));
      assertThat(answer.status()).isEqualTo(400);
    }
    // In heads, bytes beyond ASCII are taken or refused, and nothing else.
    assertThat(ask("GET /health HTTP/1.1\r\n" + HOST + "X: \u00ff\u00fe\r\n\r\n").status()).isIn(200, 400);
    assertThat(ask("GET /\u00ff\u00fe HTTP/1.1\r\n" + HOST + "\r\n").status()).isIn(400, 404);
  }

  private void deepJson() throws IOException {
    for (String open : List.of("[", "{\"a\":")) {
      String deep = open.repeat(10_000);
      assertThat(post(("{\"messages\": " + deep).getBytes(StandardCharsets.US_ASCII)).status()).isEqualTo(400);
      String closed = open.equals("[") ? "]".repeat(10_000) : "1" + "}".repeat(10_000);
      String body = "{\"messages\": [{\"role\":\"user\",\"content\":\"a\"}], \"x\": " + deep + closed + "}";
      assertThat(post(body.getBytes(StandardCharsets.US_ASCII)).status()).isEqualTo(400);
    }
  }

  private void headerFlood() throws IOException {
    for (String flood :
        List.of("X: a\r\n".repeat(100_000), "X: " + "a".repeat(1 << 20) + "\r\n", "X".repeat(1 << 20) + ": a\r\n")) {
      assertThat(flooded("GET /health HTTP/1.1\r\n" + HOST + flood + "\r\n")).isIn(0, 431);
    }
    assertThat(flooded("GET /" + "a".repeat(1 << 20) + " HTTP/1.1\r\n" + HOST + "\r\n")).isIn(0, 414);
    assertThat(
            flooded(
                "POST "
                    + CHAT
                    + " HTTP/1.1\r\n"
                    + HOST
                    + "Transfer-Encoding: chunked\r\n\r\n0\r\n"
                    + "X: a\r\n".repeat(100_000)
                    + "\r\n"))
        .isIn(0, 400, 431);
  }

  /** The status for a request of which the server need not read the end. */
  private int flooded(String request) throws IOException {
    try (RawHttp client = client()) {
      try {
        client.send(request);
      } catch (SocketException closed) {
        return statusOrEnd(client);
      }
      return statusOrEnd(client);
    }
  }

  private void traversal() throws IOException {
    for (String path :
        List.of(
            "/../../../../etc/passwd",
            "/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
            "/..%2f..%2f..%2fetc%2fpasswd",
            "/docs/../../../../etc/passwd",
            "/vendor/..%2f..%2f..%2f..%2fetc/passwd",
            "/vendor/%2e%2e%5c%2e%2e%5cetc%5cpasswd",
            "//etc/passwd",
            "/./././etc/passwd",
            "/etc/passwd%00.html",
            "/%c0%ae%c0%ae/%c0%ae%c0%ae/etc/passwd",
            "/v1/files/..%2f..%2fetc%2fpasswd/content",
            "/v1/models/..%2f..%2f..%2fetc%2fpasswd",
            "/file:///etc/passwd")) {
      Answer answer = ask("GET " + path + " HTTP/1.1\r\n" + HOST + "\r\n");
      // The only model answers to any name, and so it does to that of a file.
      assertThat(answer.status()).as(path).isIn(path.startsWith("/v1/models/") ? List.of(200) : List.of(400, 404, 501));
      assertThat(answer.body()).as(path).doesNotContain("root:");
    }
  }

  private void http10() throws IOException {
    try (RawHttp client = client()) {
      client.send("GET /health HTTP/1.0\r\n\r\n");
      String text = client.readText();
      assertThat(text).startsWith("HTTP/1.").contains(" 200 ").contains("\"status\"");
    }
    try (RawHttp client = client()) {
      client.send("POST /health HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
      assertThat(statusOrEnd(client)).isEqualTo(400);
    }
  }

  private void pipelining() throws IOException {
    try (RawHttp client = client()) {
      String request = "GET /health HTTP/1.1\r\n" + HOST + "\r\n" + rawPost(CHAT, HELLO);
      client.send(request.repeat(50) + "GET /health HTTP/1.1\r\n" + HOST + "Connection: close\r\n\r\n");
      List<Answer> answers = client.readAll();
      assertThat(answers).hasSize(101).allMatch(answer -> answer.status() == 200);
      for (int i = 0; i < 100; i++) {
        assertThat(answers.get(i).body()).contains(i % 2 == 0 ? "\"status\"" : "\"content\":\"hi\"");
      }
    }
  }

  /** Requests of which two readers might find different ends; behind each, one that must not be answered. */
  private void smuggling() throws IOException {
    String smuggled = "GET /v1/models HTTP/1.1\r\n" + HOST + "\r\n";
    for (String framing :
        List.of(
            "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\n",
            "Content-Length: 0\r\nContent-Length: 44\r\n\r\n",
            "Content-Length: 0, 44\r\n\r\n",
            "Content-Length: +0\r\n\r\n",
            "Content-Length: 0x0\r\n\r\n",
            "Content-Length : 0\r\n\r\n",
            "Content-Length:\r\n 0\r\n\r\n",
            "Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding:\u000bchunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\n\r\n0\r\n\r\n",
            "X: a\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "X: a\rTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n0;a\nb\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n-1\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n0x0\r\n\r\n",
            "Transfer-Encoding: chunked\r\n\r\n10000000000000000\r\n\r\n")) {
      try (RawHttp client = client()) {
        client.send("POST " + CHAT + " HTTP/1.1\r\n" + HOST + framing + smuggled);
        List<Integer> statuses = client.readStatuses();
        assertThat(statuses).as(framing).hasSize(1);
        assertThat(statuses.getFirst()).as(framing).isIn(400, 413, 501);
      }
    }
  }

  private void leaving() throws IOException {
    byte[] part =
        ("POST " + CHAT + " HTTP/1.1\r\n" + HOST + "Content-Length: 1000\r\n\r\n{").getBytes(StandardCharsets.US_ASCII);
    for (int i = 0; i < 200; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), plain.server().port())) {
        if (i % 2 == 0) {
          socket.setSoLinger(true, 0);
        }
        socket.getOutputStream().write(part, 0, i % part.length);
      }
    }
  }

  private void abortedTls() throws Exception {
    int port = encrypted.server().port();
    for (int i = 0; i < 100; i++) {
      try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
        socket.setSoLinger(i % 2 == 0, 0);
        // The beginning of a ClientHello, or of something else.
        byte[] begun = {22, 3, 1, 2, 0, 1, 0, 1, (byte) (i % 7), (byte) (i % 11)};
        socket.getOutputStream().write(begun, 0, i % (begun.length + 1));
      }
    }
    for (int i = 0; i < 20; i++) {
      SSLSocket socket = TestTls.encrypted(trusting, InetAddress.getLoopbackAddress(), port);
      // Below the layer that would say goodbye.
      socket.setSoLinger(true, 0);
      socket.getOutputStream().write("GET /health HTTP/1.1\r\n".getBytes(StandardCharsets.US_ASCII));
      socket.close();
    }
    try (RawHttp client = new RawHttp(new Socket(InetAddress.getLoopbackAddress(), port))) {
      client.send("GET /health HTTP/1.1\r\n" + HOST + "\r\n");
      assertThat(client.readStatuses()).containsExactly(400);
    }
  }
}
