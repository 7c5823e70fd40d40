package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panallama.generation.FinishReason;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/**
 * The server behind Debian's nginx, whose configuration says nothing but where the server is: HTTP/1.0, a new connection for each
 * request, buffering on. Skipped where nginx is not installed ({@code apt install nginx}).
 */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(120)
class NginxTest {
  private static final List<Path> PLACES = List.of(Path.of("/usr/sbin/nginx"), Path.of("/usr/bin/nginx"));

  /** A name under which others reach the proxy. */
  private static final String PUBLIC = "chat.example.org";

  private final ScriptedGenerator generator = new ScriptedGenerator();
  private final HttpClient client = HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private TestServer server;
  private Process nginx;
  private URI proxy;
  private Path log;

  @BeforeAll
  void start(@TempDir Path folder) throws Exception {
    Path program = PLACES.stream().filter(Files::isExecutable).findFirst().orElse(null);
    assumeTrue(program != null, "nginx is not installed; apt install nginx");
    Path socket = folder.resolve("panallama.sock");
    server =
        TestServer.start(
            TestServer.config().toBuilder()
                .hosts(List.of("127.0.0.1", "unix:" + socket))
                .allowedHosts(Set.of(PUBLIC))
                .build(),
            generator);
    int port = freePort();
    proxy = URI.create("http://127.0.0.1:" + port);
    log = folder.resolve("error.log");
    Path config =
        Files.writeString(
            folder.resolve("nginx.conf"),
            """
            pid nginx.pid;
            events {}
            http {
              access_log off;
              client_body_temp_path body;
              proxy_temp_path proxy;
              fastcgi_temp_path fastcgi;
              uwsgi_temp_path uwsgi;
              scgi_temp_path scgi;
              server {
                listen 127.0.0.1:%d;
                location / { proxy_pass http://127.0.0.1:%d; }
                location /socket/ { proxy_pass http://unix:%s:/; }
                location /named/ { proxy_pass http://127.0.0.1:%d/; proxy_set_header Host $http_host; }
                location /named-socket/ { proxy_pass http://unix:%s:/; proxy_set_header Host $http_host; }
              }
            }
            """
                .formatted(port, server.server().port(), socket, server.server().port(), socket));
    nginx =
        new ProcessBuilder(
                program.toString(), "-p", folder + "/", "-c", config.toString(), "-e", log.toString(), "-g", options())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("nginx.out").toFile())
            .start();
    await(port, folder.resolve("nginx.out"));
  }

  /** Workers of another user can't reach a folder of root's. */
  private static String options() {
    String stay = "daemon off; worker_processes 1;";
    return System.getProperty("user.name").equals("root") ? stay + " user root;" : stay;
  }

  private static int freePort() throws IOException {
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      return free.getLocalPort();
    }
  }

  private void await(int port, Path output) throws Exception {
    long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
    while (true) {
      try (Socket _ = new Socket("127.0.0.1", port)) {
        return;
      } catch (IOException notYet) {
        if (!nginx.isAlive() || System.nanoTime() > deadline) {
          throw new AssertionError("nginx does not listen: " + Files.readString(output), notYet);
        }
        Thread.sleep(20);
      }
    }
  }

  @AfterAll
  void stop() throws Exception {
    client.shutdownNow();
    if (nginx != null) {
      nginx.destroy();
      if (!nginx.waitFor(20, TimeUnit.SECONDS)) {
        nginx.destroyForcibly();
      }
    }
    if (server != null) {
      server.close();
    }
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(proxy.resolve(path)).timeout(Duration.ofSeconds(60));
  }

  private HttpRequest post(String path, String body) {
    return request(path)
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  private HttpResponse<String> send(HttpRequest request) throws IOException, InterruptedException {
    return client.send(request, HttpResponse.BodyHandlers.ofString());
  }

  @Test
  void healthModelsAndThePage() throws Exception {
    HttpResponse<String> health = send(request("/health").build());
    assertThat(health.statusCode()).isEqualTo(200);
    assertThat(health.body()).isEqualTo("{\"status\":\"ok\"}");
    assertThat(health.headers().firstValue("Server").orElseThrow()).startsWith("nginx");
    assertThat(health.headers().firstValue("X-Request-Id")).isPresent();
    assertThat(send(request("/v1/models").build()).body()).contains("test/model");
    assertThat(send(request("/").build()).body()).contains("<title>");
    assertThat(send(request("/health").method("HEAD", HttpRequest.BodyPublishers.noBody()).build()).statusCode())
        .isEqualTo(200);
    assertThat(send(request("/socket/health").build()).statusCode()).isEqualTo(200);
  }

  @Test
  void chat() throws Exception {
    for (String path : List.of(CHAT, "/socket" + CHAT)) {
      var answer = client.sendAsync(post(path, HELLO), HttpResponse.BodyHandlers.ofString());
      ScriptedGenerator.Script script = generator.next();
      script.say("hello");
      script.finish(FinishReason.STOP);
      assertThat(answer.get(60, TimeUnit.SECONDS).statusCode()).isEqualTo(200);
      assertThat(answer.get().body()).contains("\"content\":\"hello\"");
    }
    HttpResponse<String> wrong = send(post(CHAT, "{"));
    assertThat(wrong.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(wrong).path("code").asText()).isEqualTo("invalid_json");
  }

  /** Each piece arrives while the next one does not exist yet, though nginx buffers by default. */
  @Test
  void aStreamIsNotHeldUp() throws Exception {
    HttpResponse<InputStream> answer = client.send(post(CHAT, HELLO_STREAM), HttpResponse.BodyHandlers.ofInputStream());
    ScriptedGenerator.Script script = generator.next();
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.headers().firstValue("Content-Type").orElseThrow()).startsWith("text/event-stream");
    try (BufferedReader lines = new BufferedReader(new InputStreamReader(answer.body(), StandardCharsets.UTF_8))) {
      for (String piece : List.of("one", "two", "three")) {
        script.say(piece);
        awaitLine(lines, "\"content\":\"" + piece + "\"");
      }
      script.finish(FinishReason.STOP);
      awaitLine(lines, "data: [DONE]");
      assertThat(lines.lines()).allMatch(String::isEmpty);
    }
  }

  @Test
  void aClientThatLeavesCancelsItsGeneration() throws Exception {
    HttpResponse<Stream<String>> answer = client.send(post(CHAT, HELLO_STREAM), HttpResponse.BodyHandlers.ofLines());
    ScriptedGenerator.Script script = generator.next();
    answer.body().close();
    assertThat(script.awaitCancel()).isTrue();
  }

  /** The page under a public name calls its own origin; docs/server.md has the lines of nginx for it. */
  @Test
  void aPageUnderAPublicNameMayUseItsOwnServer() throws Exception {
    for (String path : List.of("/named/v1/models", "/named-socket/v1/models")) {
      assertThat(statusOf(path, PUBLIC, "https://" + PUBLIC)).as(path).isEqualTo(200);
      assertThat(statusOf(path, PUBLIC + ":8443", "https://" + PUBLIC + ":8443")).as(path).isEqualTo(200);
      assertThat(statusOf(path, PUBLIC, "https://evil.example")).as(path).isEqualTo(403);
    }
    assertThat(statusOf("/named/v1/models", "evil.example", "https://evil.example")).as("rebound").isEqualTo(403);
    assertThat(statusOf("/v1/models", PUBLIC, "https://" + PUBLIC)).as("nginx hides the name").isEqualTo(403);
  }

  private int statusOf(String path, String host, String origin) throws IOException {
    try (RawHttp http = new RawHttp(proxy.getPort())) {
      http.send("GET " + path + " HTTP/1.1\r\nHost: " + host + "\r\nOrigin: " + origin + "\r\n\r\n");
      return http.read().status();
    }
  }

  private void awaitLine(BufferedReader lines, String part) throws IOException {
    for (String line = lines.readLine(); line != null; line = lines.readLine()) {
      if (line.contains(part)) {
        return;
      }
    }
    throw new AssertionError("The stream ended without " + part + "; nginx says: " + Files.readString(log));
  }
}
