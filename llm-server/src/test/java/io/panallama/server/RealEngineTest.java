package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Engine;
import io.panallama.server.registry.Registry;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The server on llama.cpp itself. All virtual threads of these tests share one carrier; see the POM. */
@Timeout(120)
class RealEngineTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int SLOTS = 8;

  private static final String WEATHER =
      """
      {"messages": [{"role": "user", "content": "What is the weather in Paris?"}], "temperature": 0,
       "max_tokens": 200, "tool_choice": "required", "tools": [{"type": "function", "function":
         {"name": "get_weather", "description": "Weather of a city", "parameters": {"type": "object",
           "properties": {"city": {"type": "string", "maxLength": 20}}, "required": ["city"]}}}]%s}
      """;

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(SLOTS);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  /** A request whose answer continues until its client leaves. */
  private static HttpRequest endless() {
    return demo.request(CHAT, story("\"context_overflow\": \"shift\", \"stream\": true"));
  }

  /** A request that the model never ends by itself. */
  private static String story(String fields) {
    String never =
        IntStream.range(0, demo.model().vocabulary().size())
            .filter(demo.model().vocabulary()::isEndOfGeneration)
            .mapToObj(token -> "\"" + token + "\": -1000")
            .collect(Collectors.joining(", ", "{", "}"));
    return "{\"messages\": [{\"role\": \"user\", \"content\": \"Tell me a story\"}], \"logit_bias\": "
        + never
        + ", "
        + fields
        + "}";
  }

  private static JsonNode answer(String body) throws IOException, InterruptedException {
    return demo.answer(CHAT, body);
  }

  @Test
  void streamsTheAnswerOfTheModel() throws Exception {
    String body =
        "{\"messages\": [{\"role\": \"user\", \"content\": \"What is the capital of France?\"}],"
            + " \"stream\": true, \"temperature\": 0}";
    List<String> lines =
        demo.send(demo.request(CHAT, body), HttpResponse.BodyHandlers.ofLines())
            .body()
            .filter(line -> !line.isEmpty())
            .toList();
    assertThat(lines).last().isEqualTo("data: [DONE]");
    StringBuilder text = new StringBuilder();
    for (String line : lines.subList(0, lines.size() - 1)) {
      JsonNode chunk = JSON.readTree(line.substring("data: ".length()));
      text.append(chunk.at("/choices/0/delta/content").asText(""));
    }
    assertThat(text.toString()).isEqualTo("The capital of France is Paris.");
    assertThat(lines).hasSizeGreaterThan(5);
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\"%d\": 1}", "[[%d, 1]]", "[[%d, false]]"})
  void aBiasOfATokenThatIsNoneIsTheClientsFault(String bias) throws Exception {
    int size = demo.model().vocabulary().size();
    HttpResponse<String> response =
        demo.post("/v1/completions", "{\"prompt\": \"Once\", \"logit_bias\": " + bias.formatted(size) + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/param").textValue()).isEqualTo("logit_bias");
    assertThat(JSON.readTree(response.body()).at("/error/message").textValue())
        .contains("token " + size, "ids are 0 to " + (size - 1));
  }

  @ParameterizedTest
  @ValueSource(strings = {"", ", \"n\": 2", ", \"stream\": true", ", \"stream\": true, \"n\": 2"})
  void aTokenToEchoThatIsNoneIsTheClientsFault(String fields) throws Exception {
    for (int token : new int[] {-1, demo.model().vocabulary().size()}) {
      HttpResponse<String> response =
          demo.post("/v1/completions", "{\"prompt\": [5, " + token + "], \"echo\": true" + fields + "}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(JSON.readTree(response.body()).at("/error/param").textValue()).isEqualTo("prompt[1]");
    }
    awaitIdle();
  }

  /** What an evaluation harness asks of a text and its continuation: how likely the one is after the other. */
  @Test
  void thePromptsLogProbabilitiesAreThoseOfItsContinuation() throws Exception {
    String body = "{\"prompt\": %s, \"max_tokens\": %d, \"temperature\": 0, \"logprobs\": 2, \"echo\": %s}";
    JsonNode answer =
        demo.answer("/v1/completions", body.formatted("\"The capital of France is\"", 4, false)).at("/choices/0");
    String text = "The capital of France is" + answer.path("text").asText();
    JsonNode whole =
        demo.answer("/v1/completions", body.formatted(JSON.writeValueAsString(text), 0, true)).at("/choices/0");
    assertThat(whole.path("text").asText()).isEqualTo(text);
    JsonNode given = answer.at("/logprobs/token_logprobs");
    JsonNode found = whole.at("/logprobs/token_logprobs");
    assertThat(found.get(0).isNull()).isTrue();
    assertThat(whole.at("/logprobs/top_logprobs/0").isNull()).isTrue();
    assertThat(whole.at("/logprobs/text_offset")).hasSize(found.size());
    for (int i = 1; i <= given.size(); i++) {
      assertThat(whole.at("/logprobs/tokens").get(found.size() - i))
          .isEqualTo(answer.at("/logprobs/tokens").get(given.size() - i));
      assertThat(found.get(found.size() - i).asDouble()).isCloseTo(given.get(given.size() - i).asDouble(), within(0.4));
    }
    // The same by token ids, several prompts and answers at once, and one token more than the prompt has.
    int[] ids = demo.model().tokenizer().tokenize(text, true, true);
    String prompts = JSON.writeValueAsString(new int[][] {ids, ids});
    JsonNode choices =
        demo.answer(
                "/v1/completions",
                "{\"prompt\": " + prompts + ", \"max_tokens\": 1, \"n\": 2, \"logprobs\": 1, \"echo\": true}")
            .path("choices");
    assertThat(choices).hasSize(4);
    for (JsonNode choice : choices) {
      // One even where the model would end.
      assertThat(choice.at("/logprobs/token_logprobs").size()).isEqualTo(ids.length + 1);
      assertThat(choice.at("/logprobs/token_logprobs/0").isNull()).isTrue();
      assertThat(choice.at("/logprobs/token_logprobs/1").isNumber()).isTrue();
    }
  }

  @Test
  void aPromptMayBeComputedWithoutAnAnswer() throws Exception {
    String prompt = "Once upon a time there was a llama that liked to count the stars above the mountains";
    JsonNode warm = demo.answer("/completion", "{\"prompt\": \"" + prompt + "\", \"n_predict\": 0}");
    assertThat(warm.path("content").asText()).isEmpty();
    assertThat(warm.path("tokens_predicted").asInt()).isZero();
    assertThat(warm.path("stop_type").asText()).isEqualTo("limit");
    assertThat(warm.path("tokens_evaluated").asInt()).isPositive();
    JsonNode next = demo.answer("/completion", "{\"prompt\": \"" + prompt + "\", \"n_predict\": 1}");
    assertThat(next.at("/timings/cache_n").asInt()).isEqualTo(warm.path("tokens_evaluated").asInt() - 1);
    JsonNode chat = answer("{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], \"max_tokens\": 0}");
    assertThat(chat.at("/choices/0/message/content").asText()).isEmpty();
    assertThat(chat.at("/choices/0/finish_reason").asText()).isEqualTo("length");
    assertThat(chat.at("/usage/completion_tokens").asInt()).isZero();
    assertThat(chat.at("/usage/prompt_tokens").asInt()).isPositive();
  }

  @Test
  void tokensGoBackToTheirText() throws Exception {
    String text = "What is the capital of France? <|im_end|>";
    JsonNode tokens = demo.answer("/tokenize", "{\"content\": \"" + text + "\"}").path("tokens");
    assertThat(tokens).hasSizeGreaterThan(5);
    assertThat(demo.answer("/detokenize", "{\"tokens\": " + tokens + "}").path("content").asText().strip())
        .isEqualTo(text);
    assertThat(demo.post("/detokenize", "{\"tokens\": [99999999]}").statusCode()).isEqualTo(400);
  }

  @Test
  void severalPromptsAreAnsweredTogether() throws Exception {
    String one = "{\"prompt\": %s, \"max_tokens\": 5, \"temperature\": 0}";
    JsonNode choices = demo.answer("/v1/completions", one.formatted("[\"Once upon\", \"The llama\"]")).path("choices");
    assertThat(choices).hasSize(2);
    JsonNode alone = demo.answer("/v1/completions", one.formatted("\"The llama\"")).at("/choices/0");
    assertThat(choices.get(1).path("text")).isEqualTo(alone.path("text"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"{\\\"city\\\": \\\"Par", "not json", "[1]", "\\\"text\\\""})
  void brokenArgumentsOfAnEarlierCallEndNoConversation(String arguments) throws Exception {
    HttpResponse<String> response =
        demo.post(
            CHAT,
            "{\"max_tokens\": 1, \"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}, {\"role\": \"assistant\","
                + " \"content\": null, \"tool_calls\": [{\"id\": \"a\", \"function\": {\"name\": \"f\", \"arguments\":"
                + " \""
                + arguments
                + "\"}}]}, {\"role\": \"tool\", \"tool_call_id\": \"a\", \"content\": \"5\"}]}");
    if (response.statusCode() != 200) {
      JsonNode error = JSON.readTree(response.body()).path("error");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(error.path("param").asText()).isEqualTo("messages[1].tool_calls[0].function.arguments");
      assertThat(error.path("message").asText()).doesNotContain("json.exception");
    }
  }

  @Test
  void severalSystemMessagesAreAllShown() throws Exception {
    String prompt =
        demo.answer(
                "/apply-template",
                "{\"messages\": [{\"role\": \"system\", \"content\": \"First rule.\"}, {\"role\": \"developer\","
                    + " \"content\": \"Second rule.\"}, {\"role\": \"user\", \"content\": \"Hi\"}]}")
            .path("prompt")
            .asText();
    assertThat(prompt).contains("First rule.", "Second rule.");
  }

  @Test
  void healthAnswersWhileEverySlotGenerates() throws Exception {
    assertThat(System.getProperty("jdk.virtualThreadScheduler.parallelism")).isEqualTo("1");
    List<BufferedReader> streams = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      streams.add(open(endless()));
    }
    for (BufferedReader stream : streams) {
      assertThat(stream.readLine()).startsWith("data: ");
    }
    awaitSlotsTaken();
    assertThat(demo.get("/health").statusCode()).isEqualTo(200);
    assertThat(demo.engine().stats().running()).as("streams still running when /health had answered").isPositive();
    for (BufferedReader stream : streams) {
      stream.close();
    }
    awaitIdle();
  }

  @Test
  void aClientThatLeavesFreesItsSlot() throws Exception {
    for (int round = 0; round < 3 * SLOTS; round++) {
      try (BufferedReader stream = open(endless())) {
        assertThat(stream.readLine()).startsWith("data: ");
      }
    }
    awaitIdle();
  }

  @Test
  void shiftingGoesOnBeyondTheContextAndSaysWhatItLost() throws Exception {
    int tokens = demo.engine().sequenceContextSize() + 50;
    JsonNode answer =
        answer(story("\"context_overflow\": \"shift\", \"n_keep\": 8, \"priority\": 9, \"max_tokens\": " + tokens));

    assertThat(answer.at("/usage/completion_tokens").intValue()).isEqualTo(tokens);
    assertThat(answer.at("/usage/discarded_tokens").intValue()).isPositive();
    assertThat(answer.at("/choices/0/finish_detail").textValue()).isEqualTo("max_tokens");
  }

  @Test
  void ignoringTheEndGivesAsManyTokensAsAskedFor() throws Exception {
    String hello = "{\"messages\": [{\"role\": \"user\", \"content\": \"Hello\"}], \"max_tokens\": 100";

    assertThat(answer(hello + "}").at("/choices/0/finish_reason").textValue()).isEqualTo("stop");
    JsonNode answer = answer(hello + ", \"ignore_eos\": true}");

    assertThat(answer.at("/choices/0/finish_detail").textValue()).isEqualTo("max_tokens");
    assertThat(answer.at("/usage/completion_tokens").intValue()).isEqualTo(100);
  }

  @Test
  void stoppingAnswersAPromptThatIsTooLongWithNothing() throws Exception {
    String words = "word ".repeat(2 * demo.engine().sequenceContextSize());
    JsonNode answer =
        answer(
            "{\"messages\": [{\"role\": \"user\", \"content\": \"" + words + "\"}], \"context_overflow\": \"stop\"}");

    assertThat(answer.at("/choices/0/message/content").textValue()).isEmpty();
    assertThat(answer.at("/choices/0/finish_detail").textValue()).isEqualTo("context_full");
    assertThat(answer.at("/usage/prompt_tokens").intValue()).isGreaterThan(demo.engine().sequenceContextSize());
  }

  @Test
  void moreToKeepThanFitsIs400UnderTheApisName() throws Exception {
    HttpResponse<String> response = demo.post(CHAT, story("\"context_overflow\": \"shift\", \"n_keep\": 100000"));

    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(response.body()).at("/error/param").textValue()).isEqualTo("n_keep");
    assertThat(JSON.readTree(response.body()).at("/error/message").textValue()).startsWith("n_keep is 100000; ");
  }

  @Test
  void timeEndsARunningAnswerAndOneInTheQueue() throws Exception {
    JsonNode running = answer(story("\"context_overflow\": \"shift\", \"time_limit_ms\": 200"));
    assertThat(running.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
    assertThat(running.at("/choices/0/finish_detail").textValue()).isEqualTo("time_limit");

    List<BufferedReader> streams = new ArrayList<>();
    for (int i = 0; i < SLOTS; i++) {
      streams.add(open(endless()));
    }
    // A request with a time limit comes before those that wait.
    awaitSlotsTaken();
    JsonNode queued = answer(story("\"time_limit_ms\": 50"));
    assertThat(queued.at("/choices/0/message/content").textValue()).isEmpty();
    assertThat(queued.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
    assertThat(queued.at("/choices/0/finish_detail").textValue()).isEqualTo("time_limit");
    assertThat(queued.at("/timings/prompt_n").intValue()).isZero();
    for (BufferedReader stream : streams) {
      stream.close();
    }
    awaitIdle();
  }

  private static BufferedReader open(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<InputStream> response = demo.send(request, HttpResponse.BodyHandlers.ofInputStream());
    assertThat(response.statusCode()).isEqualTo(200);
    return new BufferedReader(new InputStreamReader(response.body(), StandardCharsets.UTF_8));
  }

  /** Streams begin before they have a slot. */
  private static void awaitSlotsTaken() throws InterruptedException {
    while (demo.engine().stats().running() < SLOTS) {
      Thread.sleep(Duration.ofMillis(1));
    }
  }

  /** Waits for what the server does after a client has disconnected; the test's own timeout is the limit. */
  private static void awaitIdle() throws InterruptedException {
    while (demo.engine().stats().running() + demo.engine().stats().waiting() > 0) {
      Thread.sleep(Duration.ofMillis(1));
    }
  }

  @Test
  void aToolIsCalledInOpenAisShape() throws Exception {
    HttpResponse<String> response = demo.post(CHAT, WEATHER.formatted(""));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode choice = JSON.readTree(response.body()).path("choices").path(0);
    assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
    assertThat(choice.path("message").path("content").isNull()).isTrue();
    JsonNode call = choice.path("message").path("tool_calls").path(0);
    assertThat(call.path("type").asText()).isEqualTo("function");
    assertThat(call.path("function").path("name").asText()).isEqualTo("get_weather");
    assertThat(JSON.readTree(call.path("function").path("arguments").asText()).path("city").isTextual()).isTrue();
  }

  /** The client's own stop text ends the answer; the answer is then neither malformed nor worth a retry. */
  @ParameterizedTest
  @ValueSource(strings = {"", ", \"stream\": true"})
  void aStopThatCutsAToolCallIsAStop(String stream) throws Exception {
    HttpResponse<String> response =
        demo.post(CHAT, WEATHER.formatted(", \"stop\": [\"get_weather\", \"Paris\"]" + stream));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).contains("\"finish_reason\":\"stop\"").doesNotContain("\"error\"");
  }

  @Test
  void aStopThatCutsAJsonAnswerIsAStop() throws Exception {
    JsonNode answer =
        answer(
            """
            {"messages": [{"role": "user", "content": "Invent a person"}], "max_tokens": 100, "stop": "age",
             "response_format": {"type": "json_schema", "json_schema": {"schema": {"type": "object", "properties":
               {"name": {"type": "string", "maxLength": 20}, "age": {"type": "integer"}}, "required": ["name", "age"]}}}}
            """);
    assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
    assertThat(answer.at("/choices/0/message/content").asText()).startsWith("{").doesNotContain("age");
  }

  @Test
  void aToolCallIsStreamedInPieces() throws Exception {
    HttpResponse<String> response = demo.post(CHAT, WEATHER.formatted(", \"stream\": true"));
    StringBuilder arguments = new StringBuilder();
    String name = "";
    String reason = "";
    for (String event : TestServer.data(response.body())) {
      if (!event.equals("[DONE]")) {
        JsonNode choice = JSON.readTree(event).path("choices").path(0);
        JsonNode call = choice.path("delta").path("tool_calls").path(0);
        name += call.path("function").path("name").asText();
        arguments.append(call.path("function").path("arguments").asText());
        reason = choice.path("finish_reason").asText();
      }
    }
    assertThat(name).isEqualTo("get_weather");
    assertThat(JSON.readTree(arguments.toString()).has("city")).isTrue();
    assertThat(reason).isEqualTo("tool_calls");
  }

  @Test
  void aSchemaIsKept() throws Exception {
    String body =
        """
        {"messages": [{"role": "user", "content": "Invent a person"}], "seed": 5, "max_tokens": 400,
         "response_format": {"type": "json_schema", "json_schema": {"name": "person", "strict": true, "schema":
           {"type": "object", "properties": {"name": {"type": "string", "maxLength": 20},
             "age": {"type": "integer", "minimum": 0, "maximum": 120}}, "required": ["name", "age"]}}}}
        """;
    HttpResponse<String> response = demo.post(CHAT, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    JsonNode choice = JSON.readTree(response.body()).path("choices").path(0);
    JsonNode person = JSON.readTree(choice.path("message").path("content").asText());
    assertThat(person.path("age").asInt(-1)).isBetween(0, 120);
  }

  @Test
  void aSchemaThatCantBeKeptIs400WithThePlaceOfTheFault() throws Exception {
    String body =
        """
        {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema":
          {"strict": true, "schema": {"type": "object", "properties": {"a": {"not": {"type": "number"}}}}}}}
        """;
    HttpResponse<String> response = demo.post(CHAT, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("#/properties/a").contains("\"param\":\"response_format\"");
  }

  @Test
  void aReferenceToNothingIsLetGoAndNamedInTheClientsWords() throws Exception {
    String body =
        """
        {"messages": [{"role": "user", "content": "x"}], "response_format": {"type": "json_schema", "json_schema":
          {"schema": {"$ref": "#/nope"}}}, "max_tokens": 100}
        """;
    HttpResponse<String> response = demo.post(CHAT, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).hasValue("response_format.json_schema.schema.$ref");
  }

  @Test
  void logProbabilitiesAreInOpenAisShape() throws Exception {
    String body =
        """
        {"messages": [{"role": "user", "content": "Hello"}], "temperature": 0, "logprobs": true, "top_logprobs": 3}
        """;
    JsonNode choice = JSON.readTree(demo.post(CHAT, body).body()).path("choices").path(0);
    StringBuilder text = new StringBuilder();
    for (JsonNode token : choice.path("logprobs").path("content")) {
      text.append(token.path("token").asText());
      assertThat(token.path("logprob").asDouble()).isLessThanOrEqualTo(0);
      assertThat(token.path("bytes").isArray()).isTrue();
      assertThat(token.path("top_logprobs")).hasSize(3);
      assertThat(token.path("top_logprobs").path(0).path("token")).isEqualTo(token.path("token"));
    }
    assertThat(text.toString()).isEqualTo(choice.path("message").path("content").asText()).isNotEmpty();
  }

  @Test
  void thePromptOfAConversationCanBeLookedAt() throws Exception {
    HttpResponse<String> response =
        demo.post("/apply-template", "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}]}");
    assertThat(JSON.readTree(response.body()).path("prompt").asText())
        .isEqualTo("<|im_start|>user\nHi<|im_end|>\n<|im_start|>assistant\n");
  }

  @Test
  void severalChoicesShareThePrompt() throws Exception {
    String body =
        "{\"messages\": [{\"role\": \"user\", \"content\": \""
            + "Tell me a story. ".repeat(20)
            + "\"}],"
            + " \"n\": 4, \"seed\": 5, \"max_tokens\": 12, \"temperature\": 1.5}";
    long before = demo.engine().stats().promptTokens();
    JsonNode answer = answer(body);
    long computed = demo.engine().stats().promptTokens() - before;
    int prompt = answer.at("/usage/prompt_tokens").asInt();
    int found = answer.at("/usage/prompt_tokens_details/cached_tokens").asInt();
    assertThat(prompt).isGreaterThan(60);
    assertThat(computed).as("once, and the last token for each").isLessThanOrEqualTo(prompt - found + 3);
    assertThat(answer.at("/timings/prompt_n").asInt()).as("once, as usage has it").isEqualTo(prompt - found);
    assertThat(answer.path("choices")).hasSize(4);
    assertThat(answer.at("/usage/completion_tokens").asInt()).isBetween(4, 48);
    for (int choice = 0; choice < 4; choice++) {
      assertThat(answer.at("/choices/" + choice + "/index").asInt()).isEqualTo(choice);
    }
    String tooMany = body.replace("\"n\": 4", "\"n\": 100");
    HttpResponse<String> refused = demo.post(CHAT, tooMany);
    assertThat(refused.statusCode()).isEqualTo(400);
    assertThat(refused.body()).contains("n is 100; it must be 1 to 72, which is what");
  }

  @Test
  void completionsHaveLogProbabilities() throws Exception {
    String body = "{\"prompt\": \"Once upon\", \"max_tokens\": 6, \"temperature\": 0, \"logprobs\": 2}";
    JsonNode choice = JSON.readTree(demo.post("/v1/completions", body).body()).at("/choices/0");
    JsonNode logprobs = choice.path("logprobs");
    String text = choice.path("text").asText();
    StringBuilder tokens = new StringBuilder();
    for (int i = 0; i < logprobs.path("tokens").size(); i++) {
      assertThat(logprobs.at("/text_offset/" + i).asInt()).isEqualTo(tokens.length());
      tokens.append(logprobs.at("/tokens/" + i).asText());
      assertThat(logprobs.at("/token_logprobs/" + i).asDouble()).isLessThanOrEqualTo(0);
      assertThat(logprobs.at("/top_logprobs/" + i)).hasSize(2);
    }
    assertThat(tokens.toString()).isEqualTo(text).isNotEmpty();
  }

  @Test
  void aModelThatCantFillGapsSaysSo() throws Exception {
    HttpResponse<String> infill = demo.post("/infill", "{\"input_prefix\": \"a\", \"input_suffix\": \"b\"}");
    assertThat(infill.statusCode()).isEqualTo(400);
    assertThat(JSON.readTree(infill.body()).at("/error/reason").asText()).isEqualTo("infill_not_supported");
    for (String path : List.of("/v1/completions", "/v1/fim/completions")) {
      HttpResponse<String> suffix = demo.post(path, "{\"prompt\": \"a\", \"suffix\": \"b\"}");
      assertThat(suffix.statusCode()).isEqualTo(400);
      assertThat(JSON.readTree(suffix.body()).at("/error/code").asText()).isEqualTo("infill_not_supported");
      assertThat(suffix.body()).contains("no token for prefix, suffix, middle");
    }
  }

  @Test
  void anEngineThatIsClosedUnderTheServerIsNotReady() throws Exception {
    try (LogRecords log = LogRecords.of(Registry.class)) {
      Engine other = DemoServer.engine(demo.model(), 1);
      demo.serve(other);
      assertThat(JSON.readTree(demo.get("/ready").body()).path("slots").asInt()).isEqualTo(1);
      other.close();
      assertThat(demo.get("/ready").statusCode()).isEqualTo(503);
      HttpResponse<String> refused = demo.post(CHAT, TestServer.HELLO);
      assertThat(refused.statusCode()).isEqualTo(503);
      assertThat(JSON.readTree(refused.body()).at("/error/code").asText()).isEqualTo("engine_closed");
      assertThat(log.errors()).singleElement().asString().contains("\"demo\" is closed");
    } finally {
      demo.serve(demo.engine());
    }
    assertThat(demo.get("/ready").statusCode()).isEqualTo(200);
  }
}
