package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import java.util.Spliterator;
import java.util.Spliterators;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import java.util.stream.StreamSupport;
import java.util.zip.GZIPInputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatServerTest {
  @Test
  void isAliveButNotReadyUntilItHasAModel() {
    try (TestServer server = TestServer.startWithoutModel()) {
      for (String path : List.of("/health", "/v1/health")) {
        HttpResponse<String> loading = server.get(path);
        assertThat(loading.statusCode()).isEqualTo(503);
        assertThat(loading.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(loading.body())
            .isEqualTo("{\"error\":{\"code\":503,\"message\":\"Loading model\",\"type\":\"unavailable_error\"}}");
      }
      assertThat(server.get("/livez").body()).isEqualTo("{\"status\":\"ok\"}");
      for (String path : List.of("/ready", "/v1/models")) {
        HttpResponse<String> response = server.get(path);
        assertThat(response.statusCode()).isEqualTo(503);
        assertThat(response.headers().firstValue("Retry-After")).hasValue("1");
        assertThat(TestServer.error(response).path("code").asText()).isEqualTo("not_ready");
      }
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(503);

      server.server().serve(TestServer.model(), ScriptedGenerator.answering("hi"));
      assertThat(server.get("/ready").body()).isEqualTo("{\"status\":\"ready\",\"model\":\"test/model\"}");
      assertThat(server.get("/health").body()).isEqualTo("{\"status\":\"ok\"}");
      server.load(ScriptedGenerator.answering("hi"));

      JsonNode ready = json(server.get("/ready").body());
      assertThat(ready.path("model").asText()).isEqualTo("test/model");
      assertThat(ready.path("slots").asInt()).isEqualTo(4);
      assertThat(ready.path("waiting").asInt()).isEqualTo(2);
      assertThat(server.post(CHAT, HELLO).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void listsItsModel() {
    try (TestServer server = TestServer.start(new ScriptedGenerator())) {
      JsonNode list = json(server.get("/v1/models").body());
      assertThat(list.path("object").asText()).isEqualTo("list");
      JsonNode model = list.path("data").path(0);
      assertThat(model.path("id").asText()).isEqualTo("test/model");
      assertThat(model.path("object").asText()).isEqualTo("model");
      assertThat(model.path("meta").path("demo").asBoolean()).isTrue();
      for (String name : List.of("test/model", "test%2Fmodel", "default", "gpt-4o")) {
        assertThat(json(server.get("/v1/models/" + name).body()).path("id").asText()).isEqualTo("test/model");
      }
      // Pulling would tell the client that the server has this very model.
      assertThat(server.post("/api/pull", "{\"model\": \"gpt-4o\"}").statusCode()).isEqualTo(404);
    }
    ServerConfig strict = TestServer.config().toBuilder().strictModelNames(true).build();
    try (TestServer server = TestServer.start(strict, new ScriptedGenerator())) {
      assertThat(server.get("/v1/models/default").statusCode()).isEqualTo(200);
      HttpResponse<String> unknown = server.get("/v1/models/other");
      assertThat(unknown.statusCode()).isEqualTo(404);
      assertThat(TestServer.error(unknown).path("code").asText()).isEqualTo("model_not_found");
    }
  }

  @Test
  void aTakenPortIsAClearError() {
    try (TestServer server = TestServer.start(new ScriptedGenerator())) {
      int port = server.server().port();
      assertThat(port).isPositive();
      assertThatThrownBy(
              () -> ChatServer.start(TestServer.config().toBuilder().hosts(List.of("127.0.0.1")).port(port).build()))
          .isInstanceOfSatisfying(ServerStartException.class, e -> assertThat(e.port()).isEqualTo(port))
          .hasMessageContaining("127.0.0.1 port " + port)
          .hasMessageContaining("--port");
    }
  }

  @Test
  void whatNeedsThePortBeginsOnceItIsBoundAndNotIfItIsTaken() throws Exception {
    int port;
    try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getByName("127.0.0.1"))) {
      port = free.getLocalPort();
    }
    ServerConfig config = TestServer.config().toBuilder().hosts(List.of("127.0.0.1")).port(port).build();
    AtomicInteger begun = new AtomicInteger();
    Runnable connect =
        () -> {
          begun.incrementAndGet();
          try (Socket client = new Socket("127.0.0.1", port)) {
            assertThat(client.isConnected()).isTrue();
          } catch (IOException refused) {
            throw new UncheckedIOException(refused);
          }
        };
    try (ChatServer server = ChatServer.start(config, connect)) {
      assertThat(begun).hasValue(1);
      assertThat(server.port()).isEqualTo(port);
      assertThatThrownBy(() -> ChatServer.start(config, connect)).isInstanceOf(ServerStartException.class);
      assertThat(begun).hasValue(1);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"no-such-host.invalid", "192.0.2.1"})
  void aHostThatIsNotOursIsAClearError(String host) {
    assertThatThrownBy(() -> ChatServer.start(TestServer.config().toBuilder().hosts(List.of(host)).build()))
        .isInstanceOf(ServerStartException.class)
        .hasMessageContaining(host)
        .hasMessageContaining("--host");
  }

  @Test
  void closingEndsRunningStreamsWithAnErrorEvent() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<Stream<String>> response = server.stream(CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();
      script.say("so far");
      Iterator<String> lines = response.body().iterator();
      while (!lines.next().contains("so far")) {}

      server.server().close();

      String rest =
          StreamSupport.stream(Spliterators.spliteratorUnknownSize(lines, Spliterator.ORDERED), false)
              .collect(Collectors.joining("\n"));
      assertThat(rest).contains("event: error").contains("shutting down").doesNotContain("[DONE]");
      assertThat(script.awaitClose()).isTrue();
      server.server().close();
    }
  }

  @Test
  void servesThePageWithItsPolicy() {
    try (TestServer server = TestServer.startWithoutModel()) {
      HttpResponse<String> page = server.get("/");
      assertThat(page.statusCode()).isEqualTo(200);
      assertThat(page.body()).contains("<title>Panallama chat</title>");
      assertThat(page.headers().firstValue("Content-Type")).hasValue("text/html; charset=utf-8");
      assertThat(page.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      assertThat(page.headers().firstValue("Content-Security-Policy").orElseThrow())
          .contains("default-src 'none'")
          .contains("script-src 'self'")
          .contains("frame-ancestors 'none'", "base-uri 'none'", "form-action 'none'")
          .doesNotContain("unsafe");
      assertThat(page.headers().firstValue("Referrer-Policy")).hasValue("no-referrer");
      assertThat(page.headers().firstValue("Cross-Origin-Opener-Policy")).hasValue("same-origin");
      assertThat(page.headers().firstValue("Cross-Origin-Resource-Policy")).hasValue("same-origin");
      assertThat(page.headers().firstValue("Permissions-Policy").orElseThrow()).contains("microphone=()");
      assertThat(page.headers().firstValue("Strict-Transport-Security")).as("it would hold for all ports").isEmpty();
      assertThat(server.get("/health").headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
      String tag = page.headers().firstValue("ETag").orElseThrow();
      HttpResponse<String> again = server.send(server.request("/").header("If-None-Match", tag).build());
      assertThat(again.statusCode()).isEqualTo(304);
      assertThat(again.body()).isEmpty();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "app.js, text/javascript; charset=utf-8",
    "sse.js, text/javascript; charset=utf-8",
    "style.css, text/css; charset=utf-8",
    "icon.svg, image/svg+xml",
    "vendor/fonts/KaTeX_Main-Regular.woff2, font/woff2",
    "vendor/katex-LICENSE.txt, text/plain; charset=utf-8"
  })
  void servesTheFilesOfThePage(String file, String type) {
    try (TestServer server = TestServer.startWithoutModel()) {
      HttpResponse<String> response = server.get("/assets/" + file);
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue(type);
      assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-cache");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "/assets/app.js                | gzip, deflate, br | gzip",
        "/assets/vendor/swagger-ui.js  | br;q=1, GZIP;q=0.5 | gzip",
        "/openapi.json                 | *                 | gzip",
        "/                             | gzip;q=0          |",
        "/                             | identity          |",
        "/assets/vendor/fonts/KaTeX_Main-Regular.woff2 | gzip |"
      })
  void compressesForClientsThatAcceptIt(String path, String accepted, @Nullable String coding) throws IOException {
    try (TestServer server = TestServer.startWithoutModel()) {
      HttpRequest request = server.request(path).header("Accept-Encoding", accepted).build();
      HttpResponse<byte[]> response = server.send(request, BodyHandlers.ofByteArray());
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Encoding")).isEqualTo(Optional.ofNullable(coding));
      HttpResponse<byte[]> plain = server.send(server.request(path).build(), BodyHandlers.ofByteArray());
      assertThat(plain.headers().firstValue("Content-Encoding")).isEmpty();
      if (coding != null) {
        assertThat(response.headers().firstValue("Vary")).hasValue("Accept-Encoding");
        assertThat(response.body().length).isLessThan(plain.body().length);
        assertThat(new GZIPInputStream(new ByteArrayInputStream(response.body())).readAllBytes())
            .isEqualTo(plain.body());
      }
      String tag = response.headers().firstValue("ETag").orElseThrow();
      HttpRequest again = server.request(path).header("Accept-Encoding", accepted).header("If-None-Match", tag).build();
      assertThat(server.send(again, BodyHandlers.ofByteArray()).statusCode()).isEqualTo(304);
    }
  }

  @Test
  void everythingThePageRefersToIsServed() {
    Pattern reference =
        Pattern.compile("(?:src|href)=\"(/[^\"]+)\"|(?:from |import\\()\"(\\.[^\"]+)\"|url\\(([^)]+\\.woff2)\\)");
    try (TestServer server = TestServer.startWithoutModel()) {
      Set<String> served = new HashSet<>();
      Deque<String> open = new ArrayDeque<>(List.of("/", "/docs"));
      while (!open.isEmpty()) {
        String path = open.remove();
        if (served.add(path)) {
          HttpResponse<String> response = server.get(path);
          assertThat(response.statusCode()).as(path).isEqualTo(200);
          reference
              .matcher(response.body())
              .results()
              .map(match -> Stream.of(1, 2, 3).map(match::group).filter(Objects::nonNull).findFirst().orElseThrow())
              .forEach(found -> open.add(URI.create(path).resolve(found).getPath()));
        }
      }
      assertThat(served)
          .contains(
              "/assets/locales/de.js",
              "/assets/vendor/swagger-ui.js",
              "/assets/vendor/katex.js",
              "/assets/vendor/fonts/KaTeX_Main-Regular.woff2");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"/../pom.xml", "/assets/../../pom.xml", "/assets/..%2f..%2fpom.xml", "/assets//etc/passwd"})
  void nothingElseCanBeReached(String path) throws Exception {
    try (TestServer server = TestServer.startWithoutModel();
        var socket = server.socket("GET " + path + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")) {
      String answer = new String(socket.getInputStream().readAllBytes(), UTF_8);
      assertThat(answer).matches("(?s)HTTP/1.1 40[04] .*").contains("invalid_request_error");
    }
  }
}
