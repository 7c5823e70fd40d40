package io.panallama.server;

import static io.panallama.server.TestServer.HELLO;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.RawHttp.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Which pages and which host names the server answers, and what browsers need to let a page use it. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class CrossOriginTest {
  private static final String CHAT = "POST /v1/chat/completions";
  private static final String PREFLIGHT = "OPTIONS /v1/chat/completions";
  private static final String ALLOWED = "access-control-allow-origin";

  private final ScriptedGenerator generator = ScriptedGenerator.answering("hi");
  private final TestServer server = TestServer.start(generator);
  private final int port = server.server().port();

  @AfterAll
  void stop() {
    server.close();
  }

  private static Answer ask(TestServer of, String line, String host, String headers, String body) throws IOException {
    try (RawHttp client = new RawHttp(of.server().port())) {
      client.send(
          line
              + " HTTP/1.1\r\nHost: "
              + host
              + "\r\n"
              + headers
              + (body.isEmpty() ? "" : "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n")
              + "\r\n"
              + body);
      return client.read();
    }
  }

  private Answer ask(String line, String headers, String body) throws IOException {
    return ask(server, line, "localhost:" + port, headers, body);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "http://localhost:3000",
        "https://localhost",
        "http://LocalHost:5173",
        "http://app.localhost:8000",
        "http://127.0.0.1:9000",
        "http://127.1.2.3:9000",
        "http://[::1]:4000"
      })
  void pagesOfThisMachineAreAnswered(String origin) throws IOException {
    Answer answer = ask(CHAT, "Origin: " + origin + "\r\n", HELLO);
    assertThat(answer.status()).as(answer.body()).isEqualTo(200);
    assertThat(answer.headers())
        .containsEntry(ALLOWED, origin)
        .containsEntry("vary", "Origin")
        .containsEntry(
            "access-control-expose-headers",
            "Panallama-Ignored, X-Request-Id, Request-Id, Retry-After, Panallama-Stream-Id, Panallama-Resume");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "https://evil.example",
        "http://localhost.evil.example",
        "http://127.0.0.1.evil.example:80",
        "http://127.evil.example",
        "http://evil.example/localhost",
        "null",
        "file://",
        "app://localhost",
        "chrome-extension://abcdef",
        "tauri://localhost"
      })
  void otherPagesAreRefusedBeforeAnythingRuns(String origin) throws IOException {
    for (String type : new String[] {"application/json", "text/plain", "application/x-www-form-urlencoded"}) {
      Answer answer = ask(CHAT, "Origin: " + origin + "\r\nContent-Type: " + type + "\r\n", "not even JSON");
      assertThat(answer.status()).isEqualTo(403);
      assertThat(answer.headers()).doesNotContainKey(ALLOWED);
      assertThat(answer.body()).contains("origin_not_allowed", "--cors-origins " + origin);
    }
    assertThat(ask(PREFLIGHT, "Origin: " + origin + "\r\nAccess-Control-Request-Method: POST\r\n", "").status())
        .isEqualTo(403);
  }

  @Test
  void anEmptyOriginIsNamedAsSuch() throws IOException {
    Answer answer = ask(CHAT, "Origin: \r\nContent-Type: application/json\r\n", "{}");
    assertThat(answer.status()).isEqualTo(403);
    assertThat(answer.body()).contains("origin_not_allowed", "Origin is empty").doesNotContain("--cors-origins");
  }

  /** What a browser sends for a form of a foreign page. */
  @ParameterizedTest
  @CsvSource({"cross-site, 403", "same-site, 200", "same-origin, 200", "none, 200"})
  void aForeignFormIsRefusedAlsoWithoutAnOrigin(String site, int status) throws IOException {
    assertThat(ask(CHAT, "Sec-Fetch-Site: " + site + "\r\nContent-Type: text/plain\r\n", HELLO).status())
        .isEqualTo(status);
    assertThat(ask("GET /health", "Sec-Fetch-Site: " + site + "\r\n", "").status()).isEqualTo(200);
  }

  @Test
  void theServersOwnPageNeedsNoLeave() throws IOException {
    Answer answer = ask(CHAT, "Origin: http://localhost:" + port + "\r\n", HELLO);
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).doesNotContainKey(ALLOWED);
  }

  @Test
  void aPreflightAllowsTheHeadersThatAreAskedFor() throws IOException {
    String wanted = "authorization,content-type,x-stainless-lang,anthropic-version";
    Answer answer =
        ask(
            PREFLIGHT,
            "Origin: http://localhost:3000\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: "
                + wanted
                + "\r\nAccess-Control-Request-Private-Network: true\r\n",
            "");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers())
        .containsEntry(ALLOWED, "http://localhost:3000")
        .containsEntry("access-control-allow-methods", "GET, HEAD, POST, DELETE, OPTIONS")
        .containsEntry("access-control-allow-headers", wanted)
        .containsEntry("access-control-allow-private-network", "true")
        .containsEntry("vary", "Origin, Access-Control-Request-Headers");
    Answer plain = ask("OPTIONS /no/such/path", "Origin: http://localhost:3000\r\n", "");
    assertThat(plain.status()).isEqualTo(200);
    assertThat(plain.headers())
        .containsEntry("access-control-allow-headers", "Content-Type, Authorization")
        .doesNotContainKey("access-control-allow-private-network");
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/chat/completions, 'POST, OPTIONS'",
    "/health, 'GET, HEAD, OPTIONS'",
    "/, 'GET, HEAD, OPTIONS'",
    "*, 'GET, HEAD, POST, DELETE, OPTIONS'"
  })
  void optionsWithoutAnOriginTellsTheMethods(String target, String methods) throws IOException {
    Answer answer = ask("OPTIONS " + target, "", "");
    assertThat(answer.status()).isEqualTo(200);
    assertThat(answer.headers()).containsEntry("allow", methods);
  }

  /** A page must be able to read why its request failed, also where it failed before any route. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          GET /none                 |                                                    | 404
          POST /v1/chat/completions | {"messages": 1}                                    | 400
          DELETE /health            |                                                    | 405
          POST /v1/chat/completions | X: 1\\r\\nTransfer-Encoding: gzip, chunked\\r\\n\\r\\n | 501
          POST /v1/chat/completions | Content-Length: 99999999\\r\\n\\r\\n                  | 413
          POST /v1/chat/completions | No colon\\r\\n\\r\\n                                 | 400
          """)
  void errorsCanBeReadByThePage(String line, String rest, int status) throws IOException {
    try (RawHttp client = new RawHttp(port)) {
      String head = line + " HTTP/1.1\r\nHost: localhost\r\nOrigin: http://localhost:3000\r\n";
      if (rest == null) {
        client.send(head + "\r\n");
      } else if (rest.startsWith("{")) {
        client.send(head + "Content-Length: " + rest.length() + "\r\n\r\n" + rest);
      } else {
        client.send(head + rest.replace("\\r", "\r").replace("\\n", "\n"));
      }
      Answer answer = client.read();
      assertThat(answer.status()).as(answer.body()).isEqualTo(status);
      assertThat(answer.headers()).containsEntry(ALLOWED, "http://localhost:3000").containsKey("x-request-id");
    }
  }

  @ParameterizedTest
  @CsvSource({
    "https://app.example, https://app.example, true",
    "https://App.example/, https://app.example, true",
    "https://app.example:443, https://app.example, true",
    "https://app.example, http://app.example, false",
    "https://app.example, https://app.example:8443, false",
    "https://app.example, http://localhost:3000, false",
    "https://*.example, https://a.b.example, true",
    "https://*.example, https://example, false",
    "http://192.168.1.*:*, http://192.168.1.7:3000, true",
    "app://*, app://anything, true",
    "app://, app://., true",
    "vscode-webview:, vscode-webview://0abc, true",
    "chrome-extension://*, moz-extension://0abc, false",
    "capacitor://localhost, capacitor://localhost, true",
    "null, null, true",
    "null, file://, true",
    "file:, null, true",
    "file:///, file://, true",
    "localhost, http://localhost:3000, true",
    "*, https://evil.example, true",
    "*, null, true"
  })
  void originsAreAllowedByPatterns(String pattern, String origin, boolean allowed) throws IOException {
    ServerConfig config = TestServer.config().toBuilder().allowedOrigins(Set.of(pattern)).build();
    try (TestServer other = TestServer.start(config, ScriptedGenerator.answering("hi"))) {
      Answer answer = ask(other, CHAT, "localhost", "Origin: " + origin + "\r\n", HELLO);
      assertThat(answer.status()).isEqualTo(allowed ? 200 : 403);
      assertThat(answer.headers().get(ALLOWED)).isEqualTo(allowed ? origin : null);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "localhost, 200",
    "LOCALHOST:8080, 200",
    "127.0.0.1:1, 200",
    "[::1]:8080, 200",
    "chat.localhost, 200",
    "192.168.1.5:8080, 200",
    "[fe80::1]:8080, 200",
    "host.docker.internal:8080, 403",
    "printer.local, 403",
    "evil.example, 403",
    "127.0.0.1.evil.example, 403",
    "127.evil.example, 403",
    "localhost.evil.example:8080, 403"
  })
  void onLoopbackOnlyNamesThatCantBeReboundAreAnswered(String host, int status) throws IOException {
    Answer answer = ask(server, "GET /health", host, "", "");
    assertThat(answer.status()).isEqualTo(status);
    if (status == 403) {
      assertThat(answer.body()).contains("host_not_allowed", "--allowed-hosts " + host.replaceFirst(":.*", ""));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "host.docker.internal, host.docker.internal:8080, 200",
    "Host.Docker.Internal:8080, HOST.docker.internal, 200",
    "*.local, printer.local:8080, 200",
    "*.local, printer.local.evil.example, 403",
    "*.local, localhost, 200",
    "*, evil.example, 200"
  })
  void namesAreAllowedByPatterns(String pattern, String host, int status) throws IOException {
    ServerConfig config = TestServer.config().toBuilder().allowedHosts(Set.of(pattern)).build();
    try (TestServer other = TestServer.start(config, generator)) {
      assertThat(ask(other, "GET /health", host, "", "").status()).isEqualTo(status);
    }
  }
}
