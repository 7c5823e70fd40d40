package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Requests that ended or stopped a server whose grammars llama.cpp matched, against the demo model. */
@Timeout(120)
class GrammarRequestTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final String TOOL =
      """
      "tool_choice": "required", "tools": [{"type": "function", "function": {"name": "f", "parameters":
        {"type": "object", "properties": {"a": {"type": "string"}}, "required": ["a"]}}}]\
      """;

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(4);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @AfterEach
  void theServerStillAnswers() throws Exception {
    JsonNode answer =
        demo.answer(CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"max_tokens\": 3}");
    assertThat(answer.at("/usage/completion_tokens").intValue()).isPositive();
  }

  private static HttpResponse<String> post(String fields) throws Exception {
    return demo.post(
        CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"max_tokens\": 40, " + fields + "}");
  }

  private static void assertRefused(HttpResponse<String> response, String message) throws Exception {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/message").textValue()).contains(message);
  }

  private static HttpResponse<String> continued(String fields) throws Exception {
    String conversation =
        """
        {"messages": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "<|im_end|>"}],
         "continue_final_message": true, %s}
        """;
    return demo.post(CHAT, conversation.formatted(fields));
  }

  @Test
  void noJsonBeginsWithTheTextOfAnEndOfGeneration() throws Exception {
    assertRefused(
        continued("\"response_format\": {\"type\": \"json_object\"}"),
        "the answer that the last message begins does not fit the format");
  }

  /** Text may come before a call, but the answer can't end without one. */
  @Test
  void theTextOfAnEndOfGenerationMayComeBeforeACall() throws Exception {
    HttpResponse<String> response = continued(TOOL);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(JSON.readTree(response.body()).at("/choices/0/finish_reason").textValue())
        .as(response.body())
        .isIn("length", "tool_calls");
  }

  @Test
  void aGrammarThatNoTextMatchesNamesTheCause() throws Exception {
    assertRefused(post("\"grammar\": \"root ::= [^\\\\x00-\\\\U0010FFFF]\""), "the grammar allows no token");
    assertRefused(post("\"grammar\": \"root ::= root\""), "left-recursive");
    assertRefused(post("\"grammar\": \"root ::= \\\"a\\\" a\\na ::= \\\"b\\\" a\", \"bad_words\": [\"b\"]"), "banned");
  }

  @Test
  void bansThatLeaveNothingNameTheCause() throws Exception {
    String all =
        IntStream.range(0, demo.model().vocabulary().size())
            .mapToObj(Integer::toString)
            .collect(Collectors.joining(", ", "[", "]"));
    assertRefused(post("\"banned_tokens\": " + all), "No token can come next");
    assertRefused(post("\"banned_tokens\": " + all + ", \"temperature\": 0"), "No token can come next");
  }

  @Test
  void numbersThatNothingCanBeDrawnFromNameTheCause() throws Exception {
    assertRefused(post("\"frequency_penalty\": -1e38"), "penalty");
    assertRefused(post("\"frequency_penalty\": -1e38, \"temperature\": 0"), "penalty");
    assertRefused(post("\"presence_penalty\": -3e38, \"repeat_penalty\": 1e-38"), "penalty");
  }

  @Test
  void anEndThatComesInTheMiddleOfAStreamIsItsLastEvent() throws Exception {
    HttpResponse<String> response =
        post("\"stream\": true, \"grammar\": \"root ::= \\\"a\\\" [^\\\\x00-\\\\U0010FFFF]\"");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).contains("no_token_left").doesNotContain("generation_failed");
  }

  @Test
  void anEnumOfTenThousandValuesIsAnswered() throws Exception {
    String values =
        IntStream.range(0, 10_000).mapToObj(i -> "\"value-" + i + "\"").collect(Collectors.joining(", ", "[", "]"));
    HttpResponse<String> response =
        post(
            "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\", \"strict\": true,"
                + " \"schema\": {\"enum\": "
                + values
                + "}}}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(JSON.readTree(response.body()).at("/choices/0/message/content").textValue())
        .matches("\"value-[0-9]{1,4}\"");
  }

  private static String alternatives(int count) {
    return IntStream.range(0, count)
        .mapToObj(i -> "\\\"" + i + "\\\"")
        .collect(Collectors.joining("|", "\"grammar\": \"root ::= ", "\""));
  }

  @Test
  void aGrammarOfFiftyThousandAlternativesIsAnswered() throws Exception {
    HttpResponse<String> response = post(alternatives(50_000));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(JSON.readTree(response.body()).at("/choices/0/message/content").textValue()).matches("[0-9]{1,5}");
  }

  @Test
  void oneOfAHundredThousandIsLargerThanTheServerTakes() throws Exception {
    HttpResponse<String> response = post(alternatives(100_000));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(response.body()).contains("takes at most 524288").contains("--max-grammar");
  }
}
