package io.panallama.server;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.observe.EngineStats;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.function.IntSupplier;
import java.util.stream.Stream;

/**
 * A server on a free port with a scripted engine behind it, and clients for it. With {@code -Dpanallama.test.tls=true} they encrypt: every
 * test of connections that names no {@code http://} has to pass with it, too.
 */
public final class TestServer implements AutoCloseable {
  public static final String CHAT = "/v1/chat/completions";
  public static final String HELLO =
      """
      {"messages": [{"role": "user", "content": "Hello"}]}\
      """;
  public static final String HELLO_STREAM =
      """
      {"messages": [{"role": "user", "content": "Hello"}], "stream": true}\
      """;

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final EngineStats STATS = new EngineStats(1, 2, 4, 0, 0, 0, 1_500_000_000, 0, 0, 0, 0, 0, 0);

  private final ChatServer server;
  private final HttpClient client;

  private TestServer(ChatServer server) {
    this.server = server;
    HttpClient.Builder builder = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1);
    client = (TestTls.isOn() ? builder.sslContext(TestTls.clients()) : builder).build();
  }

  public static ServerConfig config() {
    ServerConfig.Builder config = ServerConfig.builder().port(0).shutdownGrace(Duration.ofMillis(100));
    return (TestTls.isOn() ? config.tls(TestTls.files()) : config).build();
  }

  public static ServedModel model() {
    return ServedModel.builder("test/model", 4096).description("A model for tests").demo(true).build();
  }

  public static TestServer start(ScriptedGenerator generator) {
    return start(config(), generator);
  }

  public static TestServer start(ServerConfig config, ScriptedGenerator generator) {
    return new TestServer(ChatServer.start(config, model(), generator, () -> STATS));
  }

  /** Clients for a server that was started elsewhere. */
  static TestServer around(ChatServer server) {
    return new TestServer(server);
  }

  public static TestServer startWithoutModel() {
    return new TestServer(ChatServer.start(config()));
  }

  public void load(ScriptedGenerator generator) {
    server.serve(model(), generator, () -> STATS);
  }

  public ChatServer server() {
    return server;
  }

  /** Waits until no connection and no request is left. */
  void awaitNoConnections() throws InterruptedException {
    awaitNone(() -> server.connections() + server.runningRequests());
  }

  /** Waits until no request is left: its client may know its end before. */
  void awaitNoRequests() throws InterruptedException {
    awaitNone(server::runningRequests);
  }

  private void awaitNone(IntSupplier left) throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (left.getAsInt() > 0) {
      if (System.nanoTime() > deadline) {
        throw new AssertionError(
            server.connections() + " connections and " + server.runningRequests() + " requests are left");
      }
      Thread.sleep(10);
    }
  }

  public URI uri(String path) {
    return server.uri().resolve(path);
  }

  public HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(uri(path)).timeout(Duration.ofSeconds(30));
  }

  public HttpResponse<String> get(String path) {
    return send(request(path).GET().build());
  }

  public HttpResponse<String> post(String path, String body) {
    return send(
        request(path)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  public HttpResponse<String> send(HttpRequest request) {
    return send(request, HttpResponse.BodyHandlers.ofString());
  }

  public <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler) {
    try {
      return client.send(request, handler);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  /** The lines of an answer as they arrive; closing the stream drops the connection. */
  public HttpResponse<Stream<String>> stream(String path, String body) throws IOException, InterruptedException {
    HttpRequest request =
        request(path)
            .header("Content-Type", "application/json")
            .header("Accept", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build();
    return lines(request);
  }

  /** The lines of the answer to any request as they arrive. */
  public HttpResponse<Stream<String>> lines(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, HttpResponse.BodyHandlers.ofLines());
  }

  /** A raw connection, with {@code text} sent on it. */
  public Socket socket(String text) throws IOException {
    Socket socket = TestTls.connect(InetAddress.getLoopbackAddress(), server.port());
    socket.setSoTimeout(20_000);
    socket.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    return socket;
  }

  /** A POST request as it goes over the wire. */
  public static String rawPost(String path, String body) {
    int length = body.getBytes(StandardCharsets.UTF_8).length;
    return "POST "
        + path
        + " HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: "
        + length
        + "\r\n\r\n"
        + body;
  }

  public static JsonNode json(String text) {
    try {
      return JSON.readTree(text);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public static JsonNode error(HttpResponse<String> response) {
    return json(response.body()).path("error");
  }

  /** The data of every event of a whole stream. */
  public static List<String> data(String stream) {
    return stream.lines().filter(line -> line.startsWith("data: ")).map(line -> line.substring(6)).toList();
  }

  @Override
  public void close() {
    client.shutdownNow();
    server.close();
  }
}
