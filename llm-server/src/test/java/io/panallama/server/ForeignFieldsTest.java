package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests as programs of other servers send them: what has a meaning here is honoured, the rest is named. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ForeignFieldsTest {
  private static final String USER = "{\"role\": \"user\", \"content\": \"Hi\"}";

  private final ScriptedGenerator generator = ScriptedGenerator.answering("ok");
  private final TestServer server = TestServer.start(generator);

  @AfterAll
  void stop() {
    server.close();
  }

  private HttpResponse<String> chat(String messages, String fields) {
    return server.post(CHAT, "{\"messages\": [" + messages + "]" + (fields.isEmpty() ? "" : ", " + fields) + "}");
  }

  private ChatRequest sent(String messages, String fields, String ignored) throws InterruptedException {
    HttpResponse<String> response = chat(messages, fields);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER).orElse("")).isEqualTo(ignored);
    return (ChatRequest) generator.next().request();
  }

  private ChatMessage message(String message) throws InterruptedException {
    return sent(USER + ", " + message + ", " + USER, "", "").messages().get(1);
  }

  // ---- messages ----

  @Test
  void anAnswerIsTakenBackAsClientsHoldIt() throws Exception {
    ChatMessage answer =
        message(
            """
            {"role": "assistant", "content": "Hello", "refusal": null, "parsed": null, "annotations": [], "audio": null,
             "function_call": null, "tool_calls": [], "reasoning": "hm", "reasoning_details": [{"a": 1}], "id": "m",
             "index": 0, "createdAt": "x", "images": []}\
            """);
    assertThat(answer).isEqualTo(new ChatMessage(Role.ASSISTANT, "Hello", "hm", List.of(), "", ""));
    ChatMessage calling =
        message(
            """
            {"role": "assistant", "tool_calls": [{"id": "1", "index": 0,
             "function": {"name": "a", "arguments": "", "parsed_arguments": {}}}, {"type": "function", "function":
             {"name": "b"}}]}\
            """);
    assertThat(calling.toolCalls()).containsExactly(new ToolCall("1", "a", "{}"), new ToolCall("", "b", "{}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"role": "user", "content": null}                                                       |
          {"role": "user", "content": [{"type": "text", "text": "a", "cache_control": {"type": "ephemeral"}}]} | a
          {"role": "user", "content": [{"type": "input_text", "text": "a"}, {"text": "b"}]}       | a\\nb
          {"role": "assistant", "content": [{"type": "output_text", "text": "a", "annotations": []}]} | a
          {"role": "assistant", "content": [{"type": "text", "text": "a", "role": "x", "refusal": null}]} | a
          {"role": "assistant", "content": [{"type": "refusal", "refusal": "no"}]}                | no
          {"role": "assistant", "content": null, "refusal": "no"}                                 | no
          {"role": "assistant", "content": null}                                                  |
          {"role": "assistant", "reasoning_content": "x"}                                         |
          {"role": "assistant", "content": "a", "extra_content": {"google": {}}, "images": []}    | a
          """)
  void contentHasSeveralForms(String message, String text) throws Exception {
    HttpResponse<String> response = chat(message + "," + USER, "");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    ChatMessage first = ((ChatRequest) generator.next().request()).messages().getFirst();
    assertThat(first.content()).isEqualTo(text == null ? "" : text.replace("\\n", "\n"));
  }

  @Test
  void whatHasNoPlaceInAMessageIsNamed() throws Exception {
    sent(
        "{\"role\": \"user\", \"content\": \"a\", \"cache_control\": {}, \"mood\": 1}",
        "\"tools\": [{\"type\": \"function\", \"cache_control\": {}, \"function\": {\"name\": \"a\", \"x\": 1}}]",
        "messages[0].cache_control, messages[0].mood, tools[0].cache_control, tools[0].function.x");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "{\"role\": \"user\", \"content\": [{\"type\": \"image_url\", \"image_url\": {\"url\": \"data:\"}}]}",
        "{\"role\": \"user\", \"content\": [{\"type\": \"input_audio\"}]}",
        "{\"role\": \"user\", \"content\": [{\"type\": \"file\"}]}",
        "{\"role\": \"user\", \"content\": \"a\", \"images\": [\"QQ==\"]}",
      })
  void mediaAreRefused(String message) {
    HttpResponse<String> response = chat(message, "");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("message").asText()).contains("takes text only");
    assertThat(TestServer.error(response).path("param").asText()).startsWith("messages[0].");
  }

  // ---- the last message ----

  @Test
  void aLastMessageOfTheAssistantGoesOn() throws Exception {
    String begun = USER + ", {\"role\": \"assistant\", \"content\": [{\"text\": \"a\"}, {\"text\": \"b\"}]}";
    ChatRequest request = sent(begun, "", "");
    assertThat(request.template().turn()).isEqualTo(Turn.CONTINUED);
    assertThat(request.messages().getLast().content()).isEqualTo("a\n\nb");
    ChatRequest anew = sent(begun, "\"add_generation_prompt\": true", "");
    assertThat(anew.template().turn()).isEqualTo(Turn.NEW);
    assertThat(anew.messages().getLast().content()).isEqualTo("a\nb");
    assertThat(sent(begun, "\"add_generation_prompt\": false", "").template().turn()).isEqualTo(Turn.CONTINUED);
    assertThat(sent(begun, "\"continue_final_message\": false", "").template().turn()).isEqualTo(Turn.NEW);
    String called = USER + ", {\"role\": \"assistant\", \"tool_calls\": [{\"function\": {\"name\": \"a\"}}]}";
    assertThat(sent(called, "\"add_generation_prompt\": true", "").template().turn()).isEqualTo(Turn.NEW);
    HttpResponse<String> two = chat(begun + ", {\"role\": \"assistant\", \"content\": \"c\"}", "");
    assertThat(two.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(two).path("param").asText()).isEqualTo("messages");
  }

  /** Whoever lost the result of a call sees that, and not what a model makes of it. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "/v1/chat/completions | messages | {\"messages\":[USER,"
            + " {\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"a\"}}]}]}",
        "/apply-template | messages | {\"messages\":[USER,"
            + " {\"role\":\"assistant\",\"function_call\":{\"name\":\"a\"}}]}",
        "/v1/responses | input | {\"input\":[USER,"
            + " {\"type\":\"function_call\",\"call_id\":\"c\",\"name\":\"a\",\"arguments\":\"{}\"}]}",
        "/v1/messages | messages | {\"max_tokens\":5,\"messages\":[USER,"
            + " {\"role\":\"assistant\",\"content\":[{\"type\":\"tool_use\",\"id\":\"c\",\"name\":\"a\",\"input\":{}}]}]}",
        "/api/chat | messages | {\"messages\":[USER,"
            + " {\"role\":\"assistant\",\"tool_calls\":[{\"function\":{\"name\":\"a\",\"arguments\":{}}}]}]}",
      })
  void aCallWithoutAResultIsNotAnswered(String path, String field, String body) {
    HttpResponse<String> response = server.post(path, body.replace("USER", USER));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(response.body()).contains(field + " ends with ").contains("must come next");
  }

  // ---- values ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "max_tokens": -1                                 | 2147483647 |
          "max_tokens": 0                                  | 0          |
          "n_predict": 0                                   | 0          |
          "max_tokens": 5.0                                | 5          |
          "max_tokens": 99999999999                        | 2147483647 |
          "max_tokens": 7, "max_completion_tokens": 7      | 7          |
          "max_tokens": 7, "max_completion_tokens": 9      | 9          | max_tokens
          "max_tokens": 7, "n_predict": 3                  | 3          | max_tokens
          """)
  void limits(String fields, int limit, String ignored) throws Exception {
    assertThat(sent(USER, fields, ignored == null ? "" : ignored).options().maxTokens()).isEqualTo(limit);
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0",
    "42, 42",
    "42.0, 42",
    "-1, 4294967295",
    "4294967295, 4294967295",
    "4294967296, 1",
    "-7, 6",
    "9223372036854775807, 2147483648",
    "-9223372036854775808, 2147483648",
    "18446744073709551615, 0"
  })
  void seedsOfAny64Bits(String seed, long folded) throws Exception {
    for (String name : List.of("seed", "random_seed")) {
      assertThat(sent(USER, "\"" + name + "\": " + seed, "").options().sampling().seed()).isEqualTo(folded);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"18446744073709551616", "1.5", "1e300", "\"5\""})
  void aSeedOfMoreIsRefused(String seed) {
    HttpResponse<String> response = chat(USER, "\"seed\": " + seed);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("param").asText()).isEqualTo("seed");
  }

  private List<Sampler> chain(String fields, String ignored) throws InterruptedException {
    return sent(USER, fields, ignored).options().sampling().chain();
  }

  @Test
  void valuesOutsideOfTheirRangeAreTheClosestAndNamed() throws Exception {
    assertThat(chain("\"temperature\": -1", "temperature")).containsExactly(new Sampler.Greedy());
    assertThat(chain("\"top_p\": 1.5, \"min_p\": -1, \"top_k\": -1, \"temperature\": 1", "top_p, min_p"))
        .containsExactly(new Sampler.Temperature(1), new Sampler.Dist());
    assertThat(chain("\"typ_p\": 0.5, \"repetition_penalty\": 1.2, \"repeat_last_n\": -1", ""))
        .contains(new Sampler.Typical(0.5f, 1), new Sampler.Penalties(Sampler.MAX_LAST_N, 1.2f, 0, 0));
    assertThat(chain("\"dry_multiplier\": 1, \"dry_base\": 0.5, \"dry_penalty_last_n\": -1", "dry_base"))
        .contains(new Sampler.Dry(1, 1, 2, Sampler.MAX_LAST_N, List.of("\n", ":", "\"", "*")));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "top_k;temperature"                | TopK, Temperature, Dist
          "min_p"                            | MinP, Dist
          "kt"                               | TopK, Temperature, Dist
          ""                                 | TopK, TopP, MinP, Temperature, Dist
          """)
  void samplersAsAText(String text, String stages) throws Exception {
    assertThat(chain("\"samplers\": " + text, "").stream().map(stage -> stage.getClass().getSimpleName()))
        .containsExactly(stages.split(", "));
  }

  @Test
  void anUnknownSamplerIsNamed() throws Exception {
    assertThat(chain("\"samplers\": [\"top_q\", \"min_p\"]", "samplers[0]")).hasSize(2);
  }

  @Test
  void aBiasMayBeOfAText() throws Exception {
    Sampler bias = new Sampler.LogitBias(Map.of((int) 'h', 2f, (int) 'i', 2f, 7, Float.NEGATIVE_INFINITY));
    assertThat(chain("\"logit_bias\": [[\"hi\", 2], [7, false]]", "")).contains(bias);
    assertThat(chain("\"logit_bias\": {\"hi\": 2, \"7\": false}", "")).contains(bias);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"stop\": \"\"", "\"stop\": [\"\"]", "\"stop\": []"})
  void emptyStopTextsAreDropped(String stop) throws Exception {
    assertThat(sent(USER, stop, "").options().stops()).isEmpty();
  }

  @Test
  void fieldsThatAreTurnedOffNeedNoMention() throws Exception {
    GenerationOptions options =
        sent(
                USER,
                """
                "grammar": "", "n_probs": 0, "lora": [], "n_indent": 0, "timings_per_token": false,
                "return_progress": false, "store": true, "metadata": {"a": "b"}, "session_id": "x", "id_slot": -1\
                """,
                "")
            .options();
    assertThat(options.sampling().chain()).noneMatch(Sampler.Grammar.class::isInstance);
  }

  @Test
  void whatOtherServersKnowIsNamed() throws Exception {
    sent(
        USER,
        """
        "verbosity": "low", "keep_alive": "5m", "options": {"num_ctx": 4096}, "num_ctx": 4096,
        "provider": {"order": []}, "best_of": 3, "stream_options": {"include_usage": true}\
        """,
        "best_of, stream_options, verbosity, keep_alive, options, num_ctx, provider");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "enable_thinking": false                 | false |        |
          "think": true                            | true  |        |
          "think": "high"                          |       | "high" |
          "think": 5                               |       |        | think
          "thinking": {"type": "disabled"}         | false |        |
          "thinking": {"type": "enabled", "budget_tokens": 99} | true | | thinking.budget_tokens
          "thinking": true                         |       |        | thinking
          "reasoning": {"effort": "low"}           |       | "low"  |
          "reasoning": {"effort": "none"}          | false |        |
          "reasoning": {"enabled": true}           | true  |        |
          "reasoning_effort": "none", "think": true | false |       | think
          """)
  void thinkingIsTurnedOnAndOff(String fields, Boolean on, String effort, String ignored) throws Exception {
    ChatRequest request = sent(USER, fields, ignored == null ? "" : ignored);
    assertThat(request.template().thinking().orElse(null)).isEqualTo(on);
    assertThat(request.template().arguments().get("reasoning_effort")).isEqualTo(effort);
  }

  @ParameterizedTest
  @ValueSource(strings = {"\"audio\": {\"voice\": \"a\"}", "\"modalities\": [\"text\", \"audio\"]"})
  void anotherOutputThanTextIsRefused(String fields) {
    assertThat(chat(USER, fields).statusCode()).isEqualTo(400);
  }

  @Test
  void numbersAsTextsAreRefused() {
    HttpResponse<String> response = chat(USER, "\"temperature\": \"0.7\"");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("param").asText()).isEqualTo("temperature");
  }

  /** A client that talked to another server before goes on here, though this server has no such tools. */
  @Test
  void aCallOfACustomToolStaysReadable() throws InterruptedException {
    String call =
        "{\"id\": \"c1\", \"type\": \"custom\", \"custom\": {\"name\": \"run\", \"input\": \"say \\\"a\\\"\"}}";
    String messages =
        USER
            + ", {\"role\": \"assistant\", \"content\": null, \"tool_calls\": ["
            + call
            + "]}, {\"role\": \"tool\", \"tool_call_id\": \"c1\", \"content\": \"a\"}, "
            + USER;
    List<ChatMessage> read = sent(messages, "", "").messages();
    assertThat(read).hasSize(4);
    assertThat(read.get(1).toolCalls()).containsExactly(new ToolCall("c1", "run", "{\"input\": \"say \\\"a\\\"\"}"));
    assertThat(read.get(2).toolCallId()).isEqualTo("c1");
  }

  /** Absent is the same as null everywhere. */
  @ParameterizedTest
  @ValueSource(strings = {"{\"role\": \"user\"}", "{\"role\": \"user\", \"content\": null}"})
  void aMessageWithoutContentIsEmpty(String message) throws InterruptedException {
    assertThat(message(message)).isEqualTo(ChatMessage.user(""));
  }

  // ---- tools under their older names ----

  @Test
  void functionsAreTools() throws Exception {
    ScriptedGenerator calling =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.ToolCallStarted(0, "id0", "a"));
              script.emit(new GenerationEvent.ToolCallArguments(0, "{}"));
              script.finish(FinishReason.TOOL_CALLS);
            });
    try (TestServer other = TestServer.start(calling)) {
      String body =
          """
          {"messages": [%s, {"role": "assistant", "content": null, "function_call": {"name": "a", "arguments": "{}"}},
            {"role": "function", "name": "a", "content": "5"}],
           "functions": [{"name": "a", "parameters": {"type": "object"}}], "function_call": {"name": "a"}%s}
          """;
      HttpResponse<String> response = other.post(CHAT, body.formatted(USER, ""));
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      JsonNode choice = json(response.body()).at("/choices/0");
      assertThat(choice.at("/message/function_call").toString()).isEqualTo("{\"name\":\"a\",\"arguments\":\"{}\"}");
      assertThat(choice.path("finish_reason").asText()).isEqualTo("function_call");
      ChatRequest request = (ChatRequest) calling.next().request();
      assertThat(request.tools().list().getFirst().name()).isEqualTo("a");
      assertThat(request.tools().choice()).isEqualTo(new ToolChoice.Named("a"));
      assertThat(request.messages().get(1).toolCalls()).containsExactly(new ToolCall("", "a", "{}"));
      assertThat(request.messages().get(2)).isEqualTo(new ChatMessage(Role.TOOL, "5", "", List.of(), "", "a"));
      List<String> chunks = TestServer.data(other.post(CHAT, body.formatted(USER, ", \"stream\": true")).body());
      assertThat(json(chunks.get(1)).at("/choices/0/delta").toString())
          .isEqualTo("{\"function_call\":{\"name\":\"a\",\"arguments\":\"\"}}");
      assertThat(json(chunks.get(2)).at("/choices/0/delta").toString())
          .isEqualTo("{\"function_call\":{\"arguments\":\"{}\"}}");
    }
  }

  // ---- words of other servers ----

  /** Together and Fireworks take a number in place of a truth value. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "logprobs": 3                     | 3
          "logprobs": 1.0                   | 1
          "logprobs": 3, "top_logprobs": 5  | 5
          "logprobs": 3, "top_logprobs": 0  | 1
          "logprobs": true                  | 1
          "logprobs": 0                     | 0
          "logprobs": 0, "top_logprobs": 0  | 0
          "logprobs": false                 | 0
          """)
  void logprobsMayBeANumber(String fields, int alternatives) throws Exception {
    assertThat(sent(USER, fields, "").options().topLogprobs()).isEqualTo(alternatives);
  }

  @ParameterizedTest
  @CsvSource({"raw, NONE, true", "parsed, AUTO, true", "hidden, AUTO, false"})
  void reasoningFormatsMayHaveGroqsNames(String name, ReasoningFormat format, boolean shown) throws Exception {
    ScriptedGenerator thinking =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.Reasoning("hm"));
              script.say("ok");
              script.finish(FinishReason.STOP);
            });
    try (TestServer other = TestServer.start(thinking)) {
      String body = "{\"messages\": [" + USER + "], \"reasoning_format\": \"" + name + "\"%s}";
      HttpResponse<String> whole = other.post(CHAT, body.formatted(""));
      assertThat(whole.statusCode()).as(whole.body()).isEqualTo(200);
      assertThat(json(whole.body()).at("/choices/0/message/content").asText()).isEqualTo("ok");
      assertThat(json(whole.body()).at("/choices/0/message").has("reasoning_content")).isEqualTo(shown);
      assertThat(((ChatRequest) thinking.next().request()).template().reasoning()).isEqualTo(format);
      String stream = other.post(CHAT, body.formatted(", \"stream\": true")).body();
      assertThat(stream).contains("\"content\":\"ok\"");
      assertThat(stream.contains("reasoning_content")).isEqualTo(shown);
    }
  }

  // ---- errors ----

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | {"messages": [{"role": "user", "content": "Hi"}]}                   | messages
          /v1/chat/completions | {"messages": [{"role": "user", "content": "Hi"}], "stream": true}   | messages
          /v1/completions      | {"prompt": "Hi", "n": 2}                                            | prompt
          """)
  void anOverflowSaysWhatOpenAiSays(String path, String body, String param) {
    ScriptedGenerator full = new ScriptedGenerator();
    full.refuse(PromptTooLongException.atLeast(5000, 4096));
    try (TestServer other = TestServer.start(full)) {
      HttpResponse<String> response = other.post(path, body);
      assertThat(response.statusCode()).isEqualTo(400);
      JsonNode error = TestServer.error(response);
      assertThat(error.path("message").asText())
          .startsWith("This model's maximum context length is 4096 tokens. However, your " + param)
          .contains("at least 5000 tokens", "--ctx-size");
      assertThat(error.path("code").asText()).isEqualTo("context_length_exceeded");
      assertThat(error.path("type").asText()).isEqualTo("exceed_context_size_error");
      assertThat(error.path("param").asText()).isEqualTo(param);
      assertThat(error.path("n_prompt_tokens").asInt()).isEqualTo(5000);
      assertThat(error.path("n_ctx").asInt()).isEqualTo(4096);
    }
  }

  @Test
  void theDefaultSeedIsFresh() throws Exception {
    assertThat(sent(USER, "", "").options().sampling().seed()).isEqualTo(Sampling.RANDOM_SEED);
  }
}
