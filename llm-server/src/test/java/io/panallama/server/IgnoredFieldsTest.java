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
  private static final String TOOLS = "\"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"f\"}}]";

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
          "n": 1, "n_cmpl": 2                              | n_cmpl
          "n": 1, "n_cmpl": 1.0                            |
          "max_tokens": 3, "max_completion_tokens": 4      | max_tokens
          "typical_p": 0.5, "typ_p": 0.6                   | typ_p
          "seed": 5, "random_seed": 6                      | random_seed
          "seed": 5, "random_seed": 5                      |
          "repeat_penalty": 1.1, "repetition_penalty": 1.2 | repetition_penalty
          "reasoning_effort": "low", "reasoning": {"effort": "high"} | reasoning.effort
          "reasoning_effort": "low", "think": "low"        |
          "enable_thinking": true, "think": false          | think
          "thinking": {"type": "disabled"}, "enable_thinking": true | enable_thinking
          "reasoning_effort": "low", "chat_template_kwargs": {"reasoning_effort": "high"} | chat_template_kwargs.reasoning_effort
          "logprobs": true, "top_logprobs": 2, "n_probs": 3 | n_probs
          "logprobs": true, "top_logprobs": 2, "n_probs": 0 |
          TOOLS, "tool_choice": "none", "function_call": "auto" | function_call
          TOOLS, "function_call": "auto"                   |
          "response_format": {}                            | response_format
          "dry_sequence_breakers": "[\\"a\\"]"           |
          "tools": [{"type": "custom", "custom": {"name": "a"}}] | tools[0].type
          """)
  void theAnswerNamesWhatWasIgnored(String fields, String named) {
    HttpResponse<String> response = server.post(CHAT, "{" + fields.replace("TOOLS", TOOLS) + "," + HELLO.substring(1));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER)).isEqualTo(Optional.ofNullable(named));
  }

  /** Other dialects have aliases, too. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/responses | "input": "x", "max_output_tokens": 20, "max_tokens": 4  | max_tokens
          /v1/responses | "input": "x", "max_output_tokens": 20, "max_tokens": 20 |
          /v1/responses | "input": "x", "text": {"format": {}}                    | text.format
          /v1/responses | "input": "x", "reasoning": {"summary": "auto", "generate_summary": "none"} | reasoning.generate_summary
          /completion   | "prompt": "x", "n_probs": 1, "logprobs": 2              | logprobs
          /api/show     | "model": "test/model", "name": "another"                | name
          /api/show     | "model": "", "name": "test/model"                       |
          """)
  void anAliasThatSaysSomethingElseIsNamed(String path, String fields, String named) {
    HttpResponse<String> response = server.post(path, "{" + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER)).isEqualTo(Optional.ofNullable(named));
  }

  /** A call is required, and the tools that could be called are of types that this server hasn't. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | "tools": [{"type": "custom", "custom": {"name": "a"}}], "tool_choice": "required" | This server has tools of type \\"function\\" only.
          /v1/chat/completions | "tools": [{"type": "custom"}], "tool_choice": {"type": "function", "function": {"name": "a"}} | of type \\"function\\" only.
          /api/chat            | "tools": [{"type": "custom"}], "tool_choice": "required"                   | of type \\"function\\" only.
          /v1/responses        | "input": "x", "tools": [{"type": "mcp"}], "tool_choice": "required"        | of type \\"function\\" and \\"file_search\\".
          /v1/responses        | "input": "x", "tools": [{"type": "mcp"}], "tool_choice": {"type": "function", "name": "a"} | and \\"file_search\\".
          /v1/messages         | "max_tokens": 9, "tools": [{"type": "web_search_20250305", "name": "web_search"}], "tool_choice": {"type": "any"} | Only tools with an input_schema are known here.
          """)
  void aRequiredToolThatWasIgnoredIsMissed(String path, String fields, String known) {
    String messages = path.equals("/v1/responses") ? "" : HELLO.substring(1, HELLO.length() - 1) + ", ";
    HttpResponse<String> response = server.post(path, "{" + messages + fields + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(response.body())
        .contains("tool_choice requires a tool, and those in tools were ignored because of their types. ")
        .contains(known);
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
      strings = {
        "/chat/completions",
        "/v1/chat/completions/",
        "/v1//chat///completions",
        "/chat/completions/?a=b",
        "/openai/v1/chat/completions",
        "/openai/deployments/gpt-4o/chat/completions?api-version=2024-10-21",
        "/openai//deployments/a%20b/chat/completions/"
      })
  void pathsHaveSeveralForms(String path) {
    assertThat(server.post(path, HELLO).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"/openai", "/openai/deployments/gpt-4o", "/openai/openai/v1/models", "/openaiv1/models"})
  void whatNoProviderHasInFrontIsNotFound(String path) {
    assertThat(server.get(path).statusCode()).isEqualTo(404);
    assertThat(server.get("/openai/v1/models").statusCode()).isEqualTo(200);
  }

  @Test
  void aByteOrderMarkIsSkipped() {
    assertThat(server.post(CHAT, "\uFEFF" + HELLO).statusCode()).isEqualTo(200);
  }
}
