package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.server.RawHttp.Answer;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** A server that asks for a key. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class KeyTest {
  private static final String KEY = "sk-secret-1";
  private static final String OTHER = "sk-secret-2";

  private final ServerConfig config = TestServer.config().toBuilder().apiKeys(Set.of(KEY, OTHER)).build();
  private final TestServer server = TestServer.start(config, ScriptedGenerator.answering("hi"));

  @AfterAll
  void stop() {
    server.close();
  }

  private Answer ask(String line, String headers, String body) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(
          line
              + " HTTP/1.1\r\nHost: localhost\r\n"
              + headers
              + (body.isEmpty() ? "" : "Content-Length: " + body.getBytes(StandardCharsets.UTF_8).length + "\r\n")
              + "\r\n"
              + body);
      return line.startsWith("HEAD") ? client.readHead() : client.read();
    }
  }

  private static final String MESSAGES = "\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}]";

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          /v1/chat/completions | {%s}
          /v1/completions      | {"prompt": "p"}
          /completion          | {"prompt": "p"}
          /v1/messages         | {"max_tokens": 5, %s}
          /v1/responses        | {"input": "p"}
          /api/chat            | {%s}
          /tokenize            | {"content": "p"}
          """,
      delimiter = '|')
  void aKeyInAnyOfTheHeadersIsAccepted(String path, String body) throws IOException {
    String sent = body.replace("%s", MESSAGES);
    for (String header :
        new String[] {
          "Authorization: Bearer " + KEY, "X-Api-Key: " + OTHER, "authorization: " + KEY, "api-key: " + KEY
        }) {
      assertThat(ask("POST " + path, header + "\r\n", sent).status()).as(header).isEqualTo(200);
    }
    for (String header :
        new String[] {"", "Authorization: Bearer wrong\r\n", "X-Api-Key: wrong\r\n", "api-key: wrong\r\n"}) {
      Answer refused = ask("POST " + path, header, sent);
      assertThat(refused.status()).as(header).isEqualTo(401);
      assertThat(refused.headers()).containsEntry("www-authenticate", "Bearer");
      assertThat(refused.body()).doesNotContain("wrong", KEY, OTHER);
    }
  }

  /** Which of them counts must not depend on who looks. */
  @ParameterizedTest
  @CsvSource({"Authorization, 'Bearer '", "X-Api-Key, ''", "api-key, ''"})
  void oneHeaderWithDifferentKeysIsRefused(String name, String scheme) throws IOException {
    String good = name + ": " + scheme + KEY + "\r\n";
    for (String bad : new String[] {name + ": " + scheme + "wrong\r\n", name + ": " + scheme + OTHER + "\r\n"}) {
      for (String both : new String[] {good + bad, bad + good}) {
        Answer refused = ask("GET /v1/models", both, "");
        assertThat(refused.status()).as(both).isEqualTo(400);
        assertThat(refused.body())
            .contains("several_api_keys", name.toLowerCase(Locale.ROOT))
            .doesNotContain("wrong", KEY, OTHER);
      }
    }
    assertThat(ask("GET /v1/models", good + good, "").status()).as("twice the same").isEqualTo(200);
  }

  /** Also where a router could be misled: only what is found at a public route is public. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /v1/models",
        "GET /models",
        "GET /v1/models/test%2Fmodel",
        "GET /openai/v1/models",
        "GET /openai/deployments/health/models",
        "GET /api/tags",
        "GET /props",
        "GET /slots",
        "GET /metrics",
        "GET /none",
        "GET //v1//models/",
        "GET /health/../v1/models",
        "GET /health/x",
        "GET /assets/none.js",
        "GET /v1/models?x=/health",
        "HEAD /v1/models",
        "DELETE /v1/responses/resp_1"
      })
  void allElseIsKept(String line) throws IOException {
    assertThat(ask(line, "", "").status()).isEqualTo(401);
    assertThat(ask(line, "Authorization: Bearer " + KEY + "\r\n", "").status()).isNotEqualTo(401);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "GET /health",
        "HEAD /health",
        "GET /v1/health",
        "GET /livez",
        "GET /ready",
        "GET //health/",
        "GET /",
        "HEAD /",
        "GET /assets/app.js",
        "GET /docs",
        "GET /openapi.json"
      })
  void healthAndThePageArePublic(String line) throws IOException {
    assertThat(ask(line, "", "").status()).isEqualTo(200);
    assertThat(ask(line, "Authorization: Bearer wrong\r\n", "").status()).isEqualTo(200);
  }

  @ParameterizedTest
  @CsvSource(
      textBlock =
          """
          GET /v1/models            |                             | /error/code    | missing_api_key
          GET /v1/models            | Authorization: Bearer wrong | /error/code    | invalid_api_key
          GET /v1/models            | Authorization: Bearer wrong | /error/type    | invalid_request_error
          POST /v1/responses        | Authorization: Bearer wrong | /error/code    | invalid_api_key
          POST /completion          | Authorization: Bearer wrong | /error/type    | authentication_error
          POST /completion          | Authorization: Bearer wrong | /error/message | Invalid API Key
          POST /completion          |                             | /error/code    | 401
          POST /v1/messages         |                             | /error/type    | authentication_error
          POST /v1/messages         |                             | /error/message | x-api-key header is required
          POST /v1/messages         | x-api-key: wrong            | /error/message | invalid x-api-key
          GET /v1/models            | anthropic-version: 2023-06-01 | /error/type  | authentication_error
          POST /api/chat            |                             | /error         | unauthorized
          """,
      delimiter = '|')
  void eachDialectSaysItInItsOwnWords(String line, String header, String pointer, String value) throws IOException {
    Answer refused = ask(line, header == null ? "" : header + "\r\n", line.startsWith("POST") ? "{}" : "");
    assertThat(refused.status()).isEqualTo(401);
    assertThat(json(refused.body()).at(pointer).asText()).isEqualTo(value);
  }

  @Test
  void aPreflightNeedsNoKeyAndItsPageCanReadTheRefusal() throws IOException {
    String origin = "Origin: http://localhost:3000\r\n";
    Answer preflight =
        ask(
            "OPTIONS /v1/chat/completions",
            origin + "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: authorization\r\n",
            "");
    assertThat(preflight.status()).isEqualTo(200);
    assertThat(preflight.headers()).containsEntry("access-control-allow-headers", "authorization");
    assertThat(ask("OPTIONS /v1/chat/completions", "", "").status()).isEqualTo(200);
    Answer refused = ask("GET /v1/models", origin, "");
    assertThat(refused.status()).isEqualTo(401);
    assertThat(refused.headers()).containsEntry("access-control-allow-origin", "http://localhost:3000");
  }

  @Test
  void keysAreInNoTextAndMustFitIntoAHeader() {
    assertThat(config.toString()).contains("apiKeys=2").doesNotContain("secret");
    for (String bad : new String[] {"", "two words", "schlüssel", "line\nbreak"}) {
      assertThatThrownBy(() -> ServerConfig.builder().apiKeys(Set.of(bad)))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessageContaining("visible ASCII")
          .satisfies(
              refused -> assertThat(bad.isEmpty() || !String.valueOf(refused.getMessage()).contains(bad)).isTrue());
    }
  }
}
