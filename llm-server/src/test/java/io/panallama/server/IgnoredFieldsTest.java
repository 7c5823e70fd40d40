package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the server doesn't know is ignored and named; a strict server refuses it, see {@link RequestErrorTest}. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class IgnoredFieldsTest {
  private final TestServer server = TestServer.start(ScriptedGenerator.answering("Hello"));

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "thoughts": {"type": "enabled"}, "x": 1          | thoughts, x
          "nothing": null                                  |
          "user": "me", "metadata": {"a": "b"}             |
          "ä, b": 1                                        | ?? b
          "stream_options": {"later": 1}, "stream": true   | stream_options.later
          """)
  void theAnswerNamesWhatWasIgnored(String fields, String named) {
    HttpResponse<String> response = server.post(CHAT, HELLO.replaceFirst("\\{", "{" + fields + ","));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER)).isEqualTo(Optional.ofNullable(named));
  }

  @Test
  void theHeaderHasABoundedSize() {
    StringBuilder fields = new StringBuilder();
    for (int i = 0; i < 1000; i++) {
      fields.append('"').append("x".repeat(500)).append(i).append("\":1,").append("\"f").append(i).append("\":1,");
    }
    HttpResponse<String> response = server.post(CHAT, HELLO.replaceFirst("\\{", "{" + fields));
    assertThat(response.statusCode()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER).orElseThrow()).hasSizeLessThan(4000).endsWith(" more");
  }

  /** What a grammar can't enforce of a schema is named in every dialect, by the client's own path. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/messages  | "max_tokens": 9, "tools": [{"name": "f", "input_schema": {"type": "object", "not": {}}}] | tools[0].input_schema.not
          /api/chat     | "stream": false, "format": {"type": "object", "not": {}}                                 | format.not
          /v1/responses | "input": "x", "tools": [{"type": "function", "name": "f", "parameters": {"type": "object", "not": {}}}] | tools[0].parameters.not
          /v1/responses | "input": "x", "text": {"format": {"type": "json_schema", "name": "f", "schema": {"type": "object", "not": {}}}} | text.format.schema.not
          """)
  void whatASchemaLosesIsNamed(String path, String fields, String named) {
    String messages =
        path.startsWith("/v1/responses") ? "" : "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}], ";
    HttpResponse<String> response = server.post(path, "{" + messages + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER)).hasValue(named);
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "gpt-4o", "test/model", "default"})
  void theOnlyModelAnswersToAnyName(String name) {
    HttpResponse<String> response = server.post(CHAT, HELLO.replaceFirst("\\{", "{\"model\":\"" + name + "\","));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(TestServer.json(response.body()).path("model").asText()).isEqualTo("test/model");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/chat/completions", "/v1/chat/completions/", "/v1//chat///completions", "/chat/completions/?a=b"})
  void pathsHaveSeveralForms(String path) {
    assertThat(server.post(path, HELLO).statusCode()).isEqualTo(200);
  }

  @Test
  void aByteOrderMarkIsSkipped() {
    assertThat(server.post(CHAT, "\uFEFF" + HELLO).statusCode()).isEqualTo(200);
  }
}
