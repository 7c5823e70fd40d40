package io.panallama.server;

import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.ResponseFormat;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;
import java.util.stream.StreamSupport;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** OpenAI's Responses API on a scripted engine. */
@Timeout(60)
class ResponsesTest {
  private static final String RESPONSES = "/v1/responses";
  private static final String HI =
      """
      {"input": "Hi"}\
      """;

  private static final String TOOLS =
      """
      "tools": [{"type": "function", "name": "get_weather", "description": "Weather of a city", "strict": true,
        "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]}},
        {"type": "function", "name": "now", "parameters": null}]\
      """;

  private static ScriptedGenerator playing(Consumer<ScriptedGenerator.Script> play) {
    return new ScriptedGenerator().playing(play);
  }

  private static void think(ScriptedGenerator.Script script, String... pieces) {
    for (String piece : pieces) {
      script.emit(new GenerationEvent.Reasoning(piece));
    }
  }

  private static void call(ScriptedGenerator.Script script, int index, String id, String name, String... arguments) {
    script.emit(new GenerationEvent.ToolCallStarted(index, id, name));
    for (String piece : arguments) {
      script.emit(new GenerationEvent.ToolCallArguments(index, piece));
    }
  }

  /** The answer to a request that must succeed. */
  private static JsonNode create(TestServer server, String body) {
    HttpResponse<String> response = server.post(RESPONSES, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private static ChatRequest asked(ScriptedGenerator generator) throws InterruptedException {
    return (ChatRequest) generator.next().request();
  }

  /** The request that a body leads to. */
  private static ChatRequest asked(String body) throws InterruptedException {
    ScriptedGenerator generator = ScriptedGenerator.answering("x");
    try (TestServer server = TestServer.start(generator)) {
      create(server, body);
      return asked(generator);
    }
  }

  /** The events of a stream, each of which must be named by its type and numbered. */
  private static List<JsonNode> events(TestServer server, String body) {
    HttpResponse<String> response = server.post(RESPONSES, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
    assertThat(response.body()).doesNotContain("[DONE]");
    List<JsonNode> events = new ArrayList<>();
    String name = "";
    for (String line : response.body().lines().toList()) {
      if (line.startsWith("event: ")) {
        name = line.substring(7);
      } else if (line.startsWith("data: ")) {
        JsonNode event = json(line.substring(6));
        assertThat(event.path("type").asText()).isEqualTo(name);
        assertThat(event.path("sequence_number").asInt(-1)).isEqualTo(events.size());
        events.add(event);
      }
    }
    return events;
  }

  private static List<String> types(List<JsonNode> events) {
    return events.stream().map(event -> event.path("type").asText().replaceFirst("^response\\.", "")).toList();
  }

  private static List<String> texts(JsonNode nodes, String field) {
    return StreamSupport.stream(nodes.spliterator(), false).map(node -> node.path(field).asText()).toList();
  }

  @Test
  void answersInOpenAisShape() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("Hel", "lo \"you\"\n", "🦙");
    try (TestServer server = TestServer.start(generator)) {
      JsonNode response =
          create(
              server,
              """
              {"model": "gpt-4.1", "input": "Hi", "instructions": "Be kind.", "metadata": {"a": "b"},
               "temperature": 0.5, "top_p": 0.25, "max_output_tokens": 50, "user": "me", "reasoning": {"effort": "low"}}
              """);
      assertThat(response.path("id").asText()).matches("resp_[0-9a-f]{32}");
      assertThat(response.path("object").asText()).isEqualTo("response");
      assertThat(response.path("created_at").asLong()).isPositive();
      assertThat(response.path("completed_at").asLong()).isPositive();
      assertThat(response.path("status").asText()).isEqualTo("completed");
      assertThat(response.path("model").asText()).isEqualTo("test/model");
      for (String nothing : List.of("error", "incomplete_details", "previous_response_id", "max_tool_calls")) {
        assertThat(response.path(nothing).isNull()).as(nothing).isTrue();
      }
      assertThat(response.path("output")).hasSize(1);
      JsonNode message = response.path("output").path(0);
      assertThat(message.path("id").asText()).startsWith("msg_");
      assertThat(message.path("type").asText()).isEqualTo("message");
      assertThat(message.path("role").asText()).isEqualTo("assistant");
      assertThat(message.path("status").asText()).isEqualTo("completed");
      assertThat(message.path("content").toString())
          .isEqualTo(
              "[{\"type\":\"output_text\",\"annotations\":[],\"logprobs\":[],\"text\":\"Hello \\\"you\\\"\\n🦙\"}]");
      assertThat(response.path("usage").toString())
          .isEqualTo(
              "{\"input_tokens\":12,\"input_tokens_details\":{\"cached_tokens\":4,\"cache_write_tokens\":0},\"output_tokens\":5,"
                  + "\"output_tokens_details\":{\"reasoning_tokens\":0},\"total_tokens\":17}");
      assertThat(response.path("instructions").asText()).isEqualTo("Be kind.");
      assertThat(response.path("metadata").toString()).isEqualTo("{\"a\":\"b\"}");
      assertThat(response.path("temperature").asDouble()).isEqualTo(0.5);
      assertThat(response.path("top_p").asDouble()).isEqualTo(0.25);
      assertThat(response.path("max_output_tokens").asInt()).isEqualTo(50);
      assertThat(response.path("user").asText()).isEqualTo("me");
      assertThat(response.path("reasoning").toString()).isEqualTo("{\"effort\":\"low\",\"summary\":null}");
      assertThat(response.path("parallel_tool_calls").asBoolean()).isTrue();
      assertThat(response.path("text").toString()).isEqualTo("{\"format\":{\"type\":\"text\"}}");
      assertThat(response.path("tool_choice").asText()).isEqualTo("auto");
      assertThat(response.path("tools").toString()).isEqualTo("[]");
      assertThat(response.path("truncation").asText()).isEqualTo("disabled");
      assertThat(response.path("store").asBoolean()).isTrue();
      assertThat(response.path("background").asBoolean(true)).isFalse();
      ChatRequest asked = asked(generator);
      assertThat(asked.messages()).containsExactly(ChatMessage.system("Be kind."), ChatMessage.user("Hi"));
      assertThat(asked.options().maxTokens()).isEqualTo(50);
      assertThat(asked.template().arguments()).containsEntry("reasoning_effort", "\"low\"");
    }
  }

  @Test
  void streamsATextWithOpenAisEvents() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("Hel", "lo\n\"🦙\""))) {
      List<JsonNode> events =
          events(
              server,
              """
              {"input": "Hi", "stream": true}\
              """);
      assertThat(types(events))
          .containsExactly(
              "created",
              "in_progress",
              "output_item.added",
              "content_part.added",
              "output_text.delta",
              "output_text.delta",
              "output_text.done",
              "content_part.done",
              "output_item.done",
              "completed");
      JsonNode created = events.getFirst().path("response");
      assertThat(created.path("status").asText()).isEqualTo("in_progress");
      assertThat(created.path("output").toString()).isEqualTo("[]");
      assertThat(created.path("usage").isNull()).isTrue();
      assertThat(events.get(2).path("item").path("status").asText()).isEqualTo("in_progress");
      assertThat(events.get(2).path("item").path("content").toString()).isEqualTo("[]");
      assertThat(events.get(3).path("part").path("text").asText("none")).isEmpty();
      assertThat(events.get(4).path("delta").asText()).isEqualTo("Hel");
      assertThat(events.get(5).path("delta").asText()).isEqualTo("lo\n\"🦙\"");
      assertThat(events.get(6).path("text").asText()).isEqualTo("Hello\n\"🦙\"");
      assertThat(events.get(7).path("part").path("text").asText()).isEqualTo("Hello\n\"🦙\"");
      String id = events.get(2).path("item").path("id").asText();
      for (JsonNode event : events.subList(3, 8)) {
        assertThat(event.path("item_id").asText()).isEqualTo(id);
        assertThat(event.path("output_index").asInt(-1)).isZero();
        assertThat(event.path("content_index").asInt(-1)).isZero();
      }
      JsonNode last = events.getLast();
      assertThat(last.path("response").path("id")).isEqualTo(created.path("id"));
      assertThat(last.path("response").path("output").path(0)).isEqualTo(events.get(8).path("item"));
      assertThat(last.path("response").path("usage").path("total_tokens").asInt()).isEqualTo(17);
      assertThat(last.path("timings").path("predicted_per_second").asDouble()).isEqualTo(100);
      assertThat(json(server.get(RESPONSES + "/" + created.path("id").asText()).body()))
          .isEqualTo(last.path("response"));
    }
  }

  private static void reasonAndCall(ScriptedGenerator.Script script) {
    think(script, "Let me", " see");
    script.say("I look.");
    call(script, 0, "one", "get_weather", "{\"city\":", "\"Paris\"}");
    call(script, 1, "two", "now", "{}");
    Duration time = Duration.ofMillis(20);
    script.finish(FinishReason.TOOL_CALLS, new Usage(12, 4, 5, 0, 3), new Timings(time, time, time));
  }

  @Test
  void streamsReasoningTextAndCallsAsItemsOneAfterTheOther() {
    try (TestServer server = TestServer.start(playing(ResponsesTest::reasonAndCall))) {
      List<JsonNode> events = events(server, "{\"input\": \"Hi\", \"stream\": true, " + TOOLS + "}");
      assertThat(types(events))
          .containsExactly(
              "created",
              "in_progress",
              "output_item.added",
              "content_part.added",
              "reasoning_text.delta",
              "reasoning_text.delta",
              "reasoning_text.done",
              "content_part.done",
              "output_item.done",
              "output_item.added",
              "content_part.added",
              "output_text.delta",
              "output_text.done",
              "content_part.done",
              "output_item.done",
              "output_item.added",
              "function_call_arguments.delta",
              "function_call_arguments.delta",
              "function_call_arguments.done",
              "output_item.done",
              "output_item.added",
              "function_call_arguments.delta",
              "function_call_arguments.done",
              "output_item.done",
              "completed");
      assertThat(events.get(3).path("part").path("type").asText()).isEqualTo("reasoning_text");
      assertThat(events.get(6).path("text").asText()).isEqualTo("Let me see");
      JsonNode begun = events.get(15).path("item");
      assertThat(begun.path("id").asText()).startsWith("fc_");
      assertThat(begun.path("call_id").asText()).isEqualTo("one");
      assertThat(begun.path("name").asText()).isEqualTo("get_weather");
      assertThat(begun.path("arguments").asText("none")).isEmpty();
      assertThat(events.get(16).path("output_index").asInt()).isEqualTo(2);
      assertThat(events.get(18).path("arguments").asText()).isEqualTo("{\"city\":\"Paris\"}");
      JsonNode response = events.getLast().path("response");
      assertThat(texts(response.path("output"), "type"))
          .containsExactly("reasoning", "message", "function_call", "function_call");
      assertThat(texts(response.path("output"), "status")).containsOnly("completed");
      assertThat(response.path("usage").path("output_tokens_details").path("reasoning_tokens").asInt()).isEqualTo(3);
    }
  }

  @Test
  void aWholeAnswerHasTheSameItems() {
    try (TestServer server = TestServer.start(playing(ResponsesTest::reasonAndCall))) {
      JsonNode response = create(server, "{\"input\": \"Hi\", " + TOOLS + "}");
      assertThat(texts(response.path("output"), "type"))
          .containsExactly("reasoning", "message", "function_call", "function_call");
      JsonNode reasoning = response.path("output").path(0);
      assertThat(reasoning.path("id").asText()).startsWith("rs_");
      assertThat(reasoning.path("summary").toString()).isEqualTo("[]");
      assertThat(reasoning.path("content").toString())
          .isEqualTo("[{\"type\":\"reasoning_text\",\"text\":\"Let me see\"}]");
      JsonNode call = response.path("output").path(2);
      assertThat(call.path("call_id").asText()).isEqualTo("one");
      assertThat(call.path("arguments").asText()).isEqualTo("{\"city\":\"Paris\"}");
      assertThat(response.path("usage").path("output_tokens_details").path("reasoning_tokens").asInt()).isEqualTo(3);
      assertThat(texts(response.path("tools"), "name")).containsExactly("get_weather", "now");
    }
  }

  @Test
  void aSummaryOfTheReasoningIsGivenIfItIsAskedFor() {
    try (TestServer server =
        TestServer.start(
            playing(script -> {
              think(script, "Hm", "m");
              script.say("Yes");
              script.finish(FinishReason.STOP);
            }))) {
      String body =
          """
          {"input": "Hi", "reasoning": {"summary": "auto"}, "stream": %s}\
          """;
      List<JsonNode> events = events(server, body.formatted("true"));
      assertThat(types(events).subList(2, 14))
          .containsExactly(
              "output_item.added",
              "content_part.added",
              "reasoning_summary_part.added",
              "reasoning_text.delta",
              "reasoning_summary_text.delta",
              "reasoning_text.delta",
              "reasoning_summary_text.delta",
              "reasoning_text.done",
              "content_part.done",
              "reasoning_summary_text.done",
              "reasoning_summary_part.done",
              "output_item.done");
      assertThat(events.get(6).path("summary_index").asInt(-1)).isZero();
      assertThat(events.get(11).path("text").asText()).isEqualTo("Hmm");
      JsonNode whole = create(server, body.formatted("false")).path("output").path(0).path("summary");
      assertThat(whole).isEqualTo(events.get(13).path("item").path("summary"));
      assertThat(whole.toString()).isEqualTo("[{\"type\":\"summary_text\",\"text\":\"Hmm\"}]");
    }
  }

  @ParameterizedTest
  @CsvSource({"LENGTH, max_tokens", "CONTEXT_FULL, context_full", "TIME_LIMIT, time_limit"})
  void anAnswerThatALimitCutOffIsIncomplete(FinishReason reason, String detail) {
    try (TestServer server =
        TestServer.start(
            playing(script -> {
              script.say("Once");
              script.finish(reason);
            }))) {
      JsonNode whole = create(server, HI);
      List<JsonNode> events =
          events(
              server,
              """
              {"input": "Hi", "stream": true}\
              """);
      assertThat(events.getLast().path("type").asText()).isEqualTo("response.incomplete");
      for (JsonNode response : List.of(whole, events.getLast().path("response"))) {
        assertThat(response.path("status").asText()).isEqualTo("incomplete");
        assertThat(response.path("incomplete_details").path("reason").asText()).isEqualTo("max_output_tokens");
        assertThat(response.path("incomplete_details").path("finish_detail").asText()).isEqualTo(detail);
        assertThat(response.path("output").path(0).path("status").asText()).isEqualTo("incomplete");
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"LENGTH, incomplete", "STOP_TEXT, completed"})
  void aCallThatIsWholeIsCompletedWhateverEndsTheAnswerBehindIt(FinishReason reason, String status) {
    try (TestServer server =
        TestServer.start(
            playing(script -> {
              call(script, 0, "one", "get_weather", "{\"city\": \"Paris\"}");
              script.finish(reason);
            }))) {
      JsonNode whole = create(server, "{\"input\": \"Hi\", " + TOOLS + "}");
      List<JsonNode> events = events(server, "{\"input\": \"Hi\", \"stream\": true, " + TOOLS + "}");
      for (JsonNode response : List.of(whole, events.getLast().path("response"))) {
        assertThat(response.path("status").asText()).isEqualTo(status);
        JsonNode call = response.path("output").path(0);
        assertThat(call.path("arguments").asText()).isEqualTo("{\"city\": \"Paris\"}");
        assertThat(call.path("status").asText()).isEqualTo("completed");
      }
    }
  }

  @Test
  void aCallThatWasCutOffIsNoneInTheAnswerAndNotInTheNextRequest() throws Exception {
    ScriptedGenerator generator =
        playing(script -> {
          call(script, 0, "one", "get_weather", "{\"city\": \"Pa");
          script.finish(FinishReason.LENGTH);
        });
    try (TestServer server = TestServer.start(generator)) {
      assertThat(texts(create(server, "{\"input\": \"Hi\", " + TOOLS + "}").path("output"), "type"))
          .containsExactly("message");
      JsonNode response =
          events(server, "{\"input\": \"Hi\", \"stream\": true, " + TOOLS + "}").getLast().path("response");
      assertThat(response.path("output").path(0).path("status").asText()).isEqualTo("incomplete");
      create(
          server,
          """
          {"input": "Go on", "previous_response_id": "%s"}\
          """
              .formatted(response.path("id").asText()));
      generator.next();
      generator.next();
      assertThat(asked(generator).messages()).containsExactly(ChatMessage.user("Hi"), ChatMessage.user("Go on"));
    }
  }

  /** What limits one request limits the conversation that it continues, too: it would grow from turn to turn. */
  @Test
  void aConversationThatBecomesTooLongIsRefusedByItsId() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("x");
    String text = "a ".repeat(400);
    try (TestServer server = TestServer.start(TestServer.config().toBuilder().maxBodyBytes(4000).build(), generator)) {
      String id = create(server, "{\"input\": \"" + text + "\"}").path("id").asText();
      int turns = 1;
      HttpResponse<String> response;
      while (true) {
        String body =
            "{\"input\": \"" + text + "\", \"previous_response_id\": \"" + id + "\", \"truncation\": \"auto\"}";
        response = server.post(RESPONSES, body);
        if (response.statusCode() != 200) {
          break;
        }
        turns++;
        id = json(response.body()).path("id").asText();
      }
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(error(response).path("param").asText()).isEqualTo("previous_response_id");
      assertThat(error(response).path("message").asText())
          .contains("characters of JSON", "at most 4000", "send in input what the model still needs", "--max-body");
      // About 900 characters each, and an answer of 150.
      assertThat(turns).isEqualTo(3);
      HttpResponse<String> count =
          server.post(
              "/v1/responses/input_tokens", "{\"input\": \"" + text + "\", \"previous_response_id\": \"" + id + "\"}");
      assertThat(error(count).path("param").asText()).isEqualTo("previous_response_id");
      // A new conversation, and a short turn of the old one.
      assertThat(server.post(RESPONSES, "{\"input\": \"" + text + "\"}").statusCode()).isEqualTo(200);
      assertThat(server.post(RESPONSES, "{\"input\": \"b\", \"previous_response_id\": \"" + id + "\"}").statusCode())
          .isEqualTo(200);
    }
  }

  @Test
  void anEmptyAnswerIsAnEmptyMessage() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering())) {
      assertThat(create(server, HI).path("output").path(0).path("content").path(0).path("text").asText("none"))
          .isEmpty();
      List<JsonNode> events =
          events(
              server,
              """
              {"input": "Hi", "stream": true}\
              """);
      assertThat(types(events))
          .containsExactly(
              "created",
              "in_progress",
              "output_item.added",
              "content_part.added",
              "output_text.done",
              "content_part.done",
              "output_item.done",
              "completed");
    }
  }

  @Test
  void aFailureInAStreamIsAnErrorAndAFailedResponse() {
    try (TestServer server =
        TestServer.start(
            playing(script -> {
              script.say("Once");
              script.fail(new GenerationException(GenerationException.Reason.DECODE_FAILED, "It broke.", null));
            }))) {
      List<JsonNode> events =
          events(
              server,
              """
              {"input": "Hi", "stream": true}\
              """);
      assertThat(types(events).subList(5, 7)).containsExactly("error", "failed");
      JsonNode error = events.get(5);
      assertThat(error.path("code").asText()).isEqualTo("generation_failed");
      assertThat(error.path("message").asText()).isEqualTo("It broke.");
      assertThat(error.has("error")).as("a client would throw before it sees the response").isFalse();
      JsonNode response = events.get(6).path("response");
      assertThat(response.path("status").asText()).isEqualTo("failed");
      assertThat(response.path("error").toString())
          .isEqualTo("{\"code\":\"generation_failed\",\"message\":\"It broke.\"}");
      assertThat(server.get(RESPONSES + "/" + response.path("id").asText()).statusCode()).isEqualTo(200);
    }
  }

  @Test
  void logprobsAreGivenWithTheText() throws Exception {
    ScriptedGenerator generator =
        playing(script -> {
          TokenLogprob a = new TokenLogprob('a', -0.5f);
          TokenLogprob b = new TokenLogprob('b', -1.5f);
          // The first token has no text of its own.
          script.emit(new GenerationEvent.Text("", List.of(new TokenLogprobs(a, List.of(a, b)))));
          script.emit(new GenerationEvent.Text("ab", List.of(new TokenLogprobs(b, List.of(a, b)))));
          script.finish(FinishReason.STOP);
        });
    try (TestServer server = TestServer.start(generator)) {
      String body =
          """
          {"input": "Hi", "include": ["message.output_text.logprobs"], "top_logprobs": 1, "stream": %s}\
          """;
      String one =
          "{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],"
              + "\"top_logprobs\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]}]}";
      String two =
          "{\"token\":\"b\",\"logprob\":-1.5,\"bytes\":[98],"
              + "\"top_logprobs\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]}]}";
      JsonNode whole = create(server, body.formatted("false")).path("output").path(0).path("content").path(0);
      assertThat(whole.path("logprobs").toString()).isEqualTo("[" + one + "," + two + "]");
      List<JsonNode> events = events(server, body.formatted("true"));
      assertThat(events.get(4).path("logprobs")).isEqualTo(whole.path("logprobs"));
      assertThat(events.get(5).path("logprobs")).isEqualTo(whole.path("logprobs"));
      assertThat(asked(generator).options().topLogprobs()).isEqualTo(1);
    }
  }

  @Test
  void itemsOfAllKindsMakeTheConversation() throws Exception {
    ChatRequest asked =
        asked(
            """
            {"instructions": "One.", "input": [
              {"role": "developer", "content": "Two."},
              {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "a"},
                {"type": "input_text", "text": "b"}]},
              {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "short"}],
                "content": [{"type": "reasoning_text", "text": "long"}], "encrypted_content": null},
              {"type": "message", "role": "assistant", "id": "msg_1", "status": "completed", "phase": null,
                "content": [{"type": "output_text", "text": "I look.", "annotations": [], "logprobs": [], "parsed": null}]},
              {"type": "function_call", "id": "fc_1", "call_id": "c1", "name": "get_weather", "arguments": "",
                "status": "completed", "parsed_arguments": null},
              {"type": "function_call", "call_id": "c2", "name": "now", "arguments": "{\\"a\\": 1}"},
              {"type": "function_call_output", "call_id": "c1", "output": "sunny"},
              {"type": "function_call_output", "call_id": "c2", "output": [{"type": "input_text", "text": "now"}]},
              {"role": "assistant", "content": [{"type": "refusal", "refusal": "No."}]},
              {"role": "system", "content": "Three."},
              {"type": "reasoning", "summary": [{"type": "summary_text", "text": "never answered"}]},
              {"role": "user", "content": "end"}]}
            """);
    List<ToolCall> calls = List.of(new ToolCall("c1", "get_weather", "{}"), new ToolCall("c2", "now", "{\"a\": 1}"));
    assertThat(asked.messages())
        .containsExactly(
            ChatMessage.system("One.\n\nTwo."),
            ChatMessage.user("a\nb"),
            new ChatMessage(Role.ASSISTANT, "I look.", "long", calls, "", ""),
            new ChatMessage(Role.TOOL, "sunny", "", List.of(), "c1", "get_weather"),
            new ChatMessage(Role.TOOL, "now", "", List.of(), "c2", "now"),
            ChatMessage.assistant("No."),
            ChatMessage.system("Three."),
            ChatMessage.user("end"));
    assertThat(asked.template().turn()).isEqualTo(TemplateOptions.Turn.NEW);
  }

  /** Codex patches files by such a call; what came of it must be seen. */
  @Test
  void callsOfToolsWhoseInputIsATextReachTheModel() throws Exception {
    ChatRequest asked =
        asked(
            """
            {"input": [{"role": "user", "content": [{"type": "input_text", "text": ""}, {"type": "input_text", "text": "Hi"}]},
              {"type": "custom_tool_call", "call_id": "c1", "name": "apply_patch", "input": "a \\"b\\"", "status": "completed"},
              {"type": "custom_tool_call_output", "call_id": "c1", "output": "Done."},
              {"type": "function_call", "call_id": "c2", "name": "now", "arguments": "{}"},
              {"type": "function_call_output", "call_id": "c2", "output": []}]}
            """);
    assertThat(asked.messages())
        .containsExactly(
            ChatMessage.user("Hi"),
            new ChatMessage(
                Role.ASSISTANT,
                "",
                "",
                List.of(new ToolCall("c1", "apply_patch", "{\"input\": \"a \\\"b\\\"\"}")),
                "",
                ""),
            new ChatMessage(Role.TOOL, "Done.", "", List.of(), "c1", "apply_patch"),
            new ChatMessage(Role.ASSISTANT, "", "", List.of(new ToolCall("c2", "now", "{}")), "", ""),
            new ChatMessage(Role.TOOL, "", "", List.of(), "c2", "now"));
  }

  @Test
  void aLastMessageOfTheAssistantIsContinued() throws Exception {
    ChatRequest asked =
        asked(
            """
            {"input": [{"role": "user", "content": "Hi"}, {"role": "assistant", "content": "Once upon"}]}
            """);
    assertThat(asked.messages()).hasSize(2);
    assertThat(asked.template().turn()).isEqualTo(TemplateOptions.Turn.CONTINUED);
  }

  @Test
  void anOutputOfTheServerGoesBackAsItIs() throws Exception {
    ScriptedGenerator generator = playing(ResponsesTest::reasonAndCall);
    try (TestServer server = TestServer.start(generator)) {
      JsonNode first = create(server, "{\"input\": \"Hi\", \"store\": false, " + TOOLS + "}");
      HttpResponse<String> second =
          server.post(
              RESPONSES,
              "{\"input\": [{\"role\": \"user\", \"content\": \"Hi\"}, "
                  + first.path("output").toString().replaceAll("^\\[|]$", "")
                  + ", {\"type\": \"function_call_output\", \"call_id\": \"one\", \"output\": \"x\"}], "
                  + "\"store\": false, \"include\": [\"reasoning.encrypted_content\"], "
                  + TOOLS
                  + "}");
      assertThat(second.statusCode()).as(second.body()).isEqualTo(200);
      assertThat(second.headers().firstValue("Panallama-Ignored")).isEmpty();
      generator.next();
      ChatMessage sent = asked(generator).messages().get(1);
      assertThat(sent.reasoning()).isEqualTo("Let me see");
      assertThat(sent.content()).isEqualTo("I look.");
      assertThat(sent.toolCalls()).extracting(ToolCall::name).containsExactly("get_weather", "now");
      assertThat(server.get(RESPONSES + "/" + first.path("id").asText()).statusCode())
          .as("store was false")
          .isEqualTo(404);
    }
  }

  @Test
  void toolsFormatAndLimitsReachTheEngine() throws Exception {
    ChatRequest asked =
        asked(
            "{\"input\": \"Hi\", \"truncation\": \"auto\", \"top_k\": 7, \"seed\": 5, \"parallel_tool_calls\": false, "
                + "\"tool_choice\": {\"type\": \"function\", \"name\": \"now\"}, "
                + TOOLS
                + "}");
    assertThat(asked.tools().list()).extracting("name").containsExactly("get_weather", "now");
    assertThat(asked.tools().list().getFirst().strict()).isTrue();
    assertThat(asked.tools().list().getLast().strict()).isFalse();
    assertThat(asked.tools().choice()).isEqualTo(new ToolChoice.Named("now"));
    assertThat(asked.tools().parallelCalls()).hasValue(false);
    assertThat(asked.options().overflow()).isEqualTo(new ContextOverflow.Shift(0));
    assertThat(asked.options().sampling().seed()).isEqualTo(5);
    assertThat(asked.options().maxTokens()).as("ten contexts at most").isEqualTo(10 * TestServer.model().contextSize());
    ChatRequest format =
        asked(
            """
            {"input": "Hi", "text": {"format": {"type": "json_schema", "name": "x", "strict": true,
              "schema": {"type": "object"}}}, "max_output_tokens": -1}
            """);
    assertThat(format.options().format()).isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}", true));
    ChatRequest loose =
        asked(
            """
            {"input": "Hi", "text": {"format": {"type": "json_schema", "name": "x", "schema": {"type": "object"}}}}
            """);
    assertThat(loose.options().format()).isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}", false));
    ChatRequest object =
        asked(
            """
            {"input": "Hi", "text": {"format": {"type": "json_object"}}, "reasoning": {"effort": "none"}}
            """);
    assertThat(object.options().format()).isEqualTo(new ResponseFormat.JsonObject());
    assertThat(object.template().thinking()).hasValue(false);
  }

  @Test
  void theModelSeesTheAllowedTools() throws Exception {
    ChatRequest asked =
        asked(
            "{\"input\": \"Hi\", \"tool_choice\": {\"type\": \"allowed_tools\", \"mode\": \"required\", "
                + "\"tools\": [{\"type\": \"function\", \"name\": \"now\"}]}, "
                + TOOLS
                + "}");
    assertThat(asked.tools().list()).extracting("name").containsExactly("now");
    assertThat(asked.tools().choice()).isEqualTo(new ToolChoice.Required());
  }

  @Test
  void whatTheServerHasNotIsNamedAndLeftOut() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> response =
          server.post(
              RESPONSES,
              """
              {"input": [{"role": "user", "content": "Hi"}, {"type": "web_search_call", "id": "ws_1", "action": {}}],
               "tools": [{"type": "web_search"}, {"type": "mcp", "server_label": "x"}, {"type": "function", "name": "f"}],
               "include": ["web_search_call.action.sources"], "text": {"verbosity": "low"}, "wish": 1, "null": null,
               "prompt_cache_key": "k", "safety_identifier": "s", "service_tier": "auto", "user": "u",
               "stream_options": null, "max_tool_calls": 3, "metadata": null, "prompt": null, "conversation": null}
              """);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      assertThat(response.headers().firstValue("Panallama-Ignored").orElse("").split(", "))
          .containsExactlyInAnyOrder("input[1]", "tools[0]", "tools[1]", "include[0]", "text.verbosity", "wish");
      assertThat(texts(json(response.body()).path("tools"), "name")).containsExactly("f");
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|input|missing_required_parameter",
        "{\"input\": 5}|input|invalid_type",
        "{\"input\": []}|input|missing_required_parameter",
        "{\"input\": [5]}|input[0]|invalid_type",
        "{\"input\": [{\"role\": \"boss\", \"content\": \"x\"}]}|input[0].role|null",
        "{\"input\": [{\"content\": \"x\"}]}|input[0].role|missing_required_parameter",
        "{\"input\": [{\"role\": \"user\"}]}|input[0].content|missing_required_parameter",
        "{\"input\": [{\"type\": \"function_call\", \"name\": \"x\"}]}|input[0].call_id|missing_required_parameter",
        "{\"input\": [{\"type\": \"nonsense\"}]}|input[0].type|null",
        "{\"input\": [{\"role\": \"user\", \"content\": [{\"type\": \"input_image\", \"image_url\": \"x\"}]}]}"
            + "|input[0].content[0].type|unsupported_parameter",
        "{\"input\": \"x\", \"prompt\": {\"id\": \"pmpt_1\"}}|prompt|unsupported_parameter",
        "{\"input\": \"x\", \"conversation\": \"conv_1\"}|conversation|unsupported_parameter",
        "{\"input\": \"x\", \"max_output_tokens\": -2}|max_output_tokens|null",
        "{\"input\": \"x\", \"top_logprobs\": 21}|top_logprobs|null",
        "{\"input\": \"x\", \"top_logprobs\": 2147483648}|top_logprobs|null",
        "{\"input\": \"x\", \"truncation\": \"maybe\"}|truncation|null",
        "{\"input\": \"x\", \"background\": true, \"store\": false}|background|null",
        "{\"input\": \"x\", \"n\": 2}|n|unsupported_parameter",
        "{\"input\": \"x\", \"metadata\": 1}|metadata|invalid_type",
        "{\"input\": \"x\", \"include\": \"x\"}|include|invalid_type",
        "{\"input\": \"x\", \"tools\": [{\"type\": \"function\"}]}|tools[0].name|missing_required_parameter",
        "{\"input\": \"x\", \"tools\": [{\"name\": \"x\"}]}|tools[0].type|missing_required_parameter",
        "{\"input\": \"x\", \"tool_choice\": \"required\"}|tool_choice|null",
        "{\"input\": \"x\", \"tool_choice\": \"required\", \"tools\": [{\"type\": \"mcp\"}]}|tool_choice|null",
        "{\"input\": \"x\", \"tool_choice\": {}}|tool_choice.type|missing_required_parameter",
        "{\"input\": \"x\", \"tool_choice\": \"sometimes\"}|tool_choice|invalid_value",
        "{\"input\": \"x\", \"text\": {\"format\": {\"type\": \"json_schema\"}}}|text.format.schema"
            + "|missing_required_parameter",
        "{\"input\": \"x\", \"previous_response_id\": \"resp_1\"}|previous_response_id|previous_response_not_found",
        "{\"input\": \"x\", \"temperature\": \"hot\"}|temperature|invalid_type",
      })
  void aWrongFieldIsNamed(String body, String param, String code) {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> response = server.post(RESPONSES, body);
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      assertThat(error(response).path("type").asText()).isEqualTo("invalid_request_error");
      assertThat(error(response).path("param").asText()).isEqualTo(param);
      assertThat(error(response).path("code").asText()).isEqualTo(code);
      if (param.equals("top_logprobs")) {
        assertThat(error(response).path("message").asText()).endsWith("; it must be 0 to 20.");
      }
    }
  }

  @Test
  void theCoresErrorsHaveTheNamesOfThisApi() {
    ScriptedGenerator strict = new ScriptedGenerator();
    try (TestServer server = TestServer.start(strict)) {
      for (List<String> names :
          List.of(
              List.of("messages[3].toolCalls[0]", "input"),
              List.of("maxTokens", "max_output_tokens"),
              List.of("format", "text.format"),
              List.of("tools.list[1].parameters", "tools[1].parameters"),
              List.of("sampling.topK", "top_k"))) {
        String name = names.getFirst();
        strict.refuse(new InvalidRequestException(name, InvalidRequestException.name(name) + " is no good."));
        HttpResponse<String> response = server.post(RESPONSES, HI);
        assertThat(response.statusCode()).isEqualTo(400);
        assertThat(error(response).path("param").asText()).isEqualTo(names.getLast());
        assertThat(error(response).path("message").asText()).isEqualTo(names.getLast() + " is no good.");
      }
    }
  }

  @Test
  void aResponseIsKeptContinuedListedAndDeleted() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("One");
    try (TestServer server = TestServer.start(generator)) {
      JsonNode first =
          create(
              server,
              """
              {"input": "a", "instructions": "Only here."}\
              """);
      String id = first.path("id").asText();
      assertThat(json(server.get(RESPONSES + "/" + id).body()).path("output")).isEqualTo(first.path("output"));
      JsonNode second =
          create(
              server,
              """
              {"input": [{"type": "message", "role": "user", "id": "mine", "content": "b"}], "previous_response_id": "%s"}\
              """
                  .formatted(id));
      assertThat(second.path("previous_response_id").asText()).isEqualTo(id);
      assertThat(asked(generator).messages()).hasSize(2);
      assertThat(asked(generator).messages())
          .containsExactly(ChatMessage.user("a"), ChatMessage.assistant("One"), ChatMessage.user("b"));
      String items = RESPONSES + "/" + second.path("id").asText() + "/input_items";
      JsonNode list = json(server.get(items).body());
      assertThat(list.path("object").asText()).isEqualTo("list");
      assertThat(texts(list.path("data"), "role")).containsExactly("user", "assistant", "user");
      assertThat(list.path("first_id").asText()).isEqualTo("mine");
      assertThat(list.path("has_more").asBoolean(true)).isFalse();
      JsonNode page = json(server.get(items + "?order=asc&limit=1").body());
      assertThat(page.path("data")).hasSize(1);
      assertThat(page.path("has_more").asBoolean()).isTrue();
      JsonNode rest = json(server.get(items + "?order=asc&after=" + page.path("last_id").asText()).body());
      assertThat(texts(rest.path("data"), "role")).containsExactly("assistant", "user");
      for (String wrong : List.of("?limit=0", "?limit=x", "?limit=101", "?order=up", "?order=", "?after=none")) {
        assertThat(server.get(items + wrong).statusCode()).as(wrong).isEqualTo(400);
      }
      assertThat(server.get(items + "?before=zz").headers().firstValue("Panallama-Ignored")).hasValue("?before");
      // The answer, by its id.
      create(
          server,
          """
          {"input": [{"type": "item_reference", "id": "%s"}, {"id": "mine"}]}\
          """
              .formatted(first.path("output").path(0).path("id").asText()));
      assertThat(asked(generator).messages()).containsExactly(ChatMessage.assistant("One"), ChatMessage.user("b"));
      HttpResponse<String> deleted = server.send(server.request(RESPONSES + "/" + id).DELETE().build());
      assertThat(deleted.body()).isEqualTo("{\"id\":\"" + id + "\",\"object\":\"response\",\"deleted\":true}");
      assertThat(server.get(RESPONSES + "/" + id).statusCode()).isEqualTo(404);
      // The conversation goes on without it.
      create(
          server,
          """
          {"input": "c", "previous_response_id": "%s"}\
          """
              .formatted(second.path("id").asText()));
      assertThat(asked(generator).messages()).hasSize(5);
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"GET ", "DELETE ", "GET /input_items", "POST /cancel"})
  void aResponseThatIsNotThereIs404InOpenAisShape(String request) {
    String path = RESPONSES + "/resp_1" + request.replaceFirst("^\\w+ ", "");
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> response =
          switch (request.split(" ")[0]) {
            case "GET" -> server.get(path);
            case "POST" -> server.post(path, "");
            default -> server.send(server.request(path).DELETE().build());
          };
      assertThat(response.statusCode()).as(response.body()).isEqualTo(404);
      assertThat(error(response).path("code").asText()).isEqualTo("response_not_found");
      assertThat(error(response).path("message").asText()).isEqualTo("Response with id 'resp_1' not found.");
    }
  }

  @Test
  void anItemThatIsNotThereIs404() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> response =
          server.post(
              RESPONSES,
              """
              {"input": [{"type": "item_reference", "id": "msg_1"}]}\
              """);
      assertThat(response.statusCode()).isEqualTo(404);
      assertThat(error(response).path("param").asText()).isEqualTo("input[0].id");
    }
  }

  private static JsonNode awaitEnd(TestServer server, String id) throws InterruptedException {
    while (true) {
      JsonNode response = json(server.get(RESPONSES + "/" + id).body());
      if (!response.path("status").asText().equals("in_progress")) {
        return response;
      }
      Thread.sleep(5);
    }
  }

  private static final String BACKGROUND =
      """
      {"input": "Hi", "background": true}\
      """;

  @Test
  void aResponseInTheBackgroundGoesOnWithoutItsClient() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      JsonNode begun = create(server, BACKGROUND);
      String id = begun.path("id").asText();
      assertThat(begun.path("status").asText()).isEqualTo("in_progress");
      assertThat(begun.path("background").asBoolean()).isTrue();
      assertThat(json(server.get(RESPONSES + "/" + id).body())).isEqualTo(begun);
      HttpResponse<String> early =
          server.post(
              RESPONSES,
              """
              {"input": "b", "previous_response_id": "%s"}\
              """
                  .formatted(id));
      assertThat(error(early).path("code").asText()).isEqualTo("previous_response_not_ready");
      ScriptedGenerator.Script script = generator.next();
      script.say("Done");
      script.finish(FinishReason.STOP);
      JsonNode ended = awaitEnd(server, id);
      assertThat(ended.path("status").asText()).isEqualTo("completed");
      assertThat(ended.path("output").path(0).path("content").path(0).path("text").asText()).isEqualTo("Done");
      assertThat(json(server.post(RESPONSES + "/" + id + "/cancel", "").body())).as("it has ended").isEqualTo(ended);
      server.awaitNoRequests();
    }
  }

  @Test
  void aResponseInTheBackgroundIsCancelled() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      String id = create(server, BACKGROUND).path("id").asText();
      ScriptedGenerator.Script script = generator.next();
      JsonNode cancelled = json(server.post(RESPONSES + "/" + id + "/cancel", "").body());
      assertThat(cancelled.path("status").asText()).isEqualTo("cancelled");
      assertThat(cancelled.path("output").toString()).isEqualTo("[]");
      assertThat(script.awaitCancel()).isTrue();
      assertThat(awaitEnd(server, id)).isEqualTo(cancelled);
      String other = create(server, BACKGROUND).path("id").asText();
      ScriptedGenerator.Script second = generator.next();
      assertThat(server.send(server.request(RESPONSES + "/" + other).DELETE().build()).statusCode()).isEqualTo(200);
      assertThat(second.awaitCancel()).isTrue();
      assertThat(server.get(RESPONSES + "/" + other).statusCode()).isEqualTo(404);
    }
  }

  @Test
  void aFailureInTheBackgroundIsAFailedResponse() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      String id = create(server, BACKGROUND).path("id").asText();
      generator.next().fail(new GenerationException(GenerationException.Reason.DECODE_FAILED, "It broke.", null));
      JsonNode failed = awaitEnd(server, id);
      assertThat(failed.path("status").asText()).isEqualTo("failed");
      assertThat(failed.path("error").path("message").asText()).isEqualTo("It broke.");
    }
  }

  @Test
  void aServerThatClosesEndsWhatRunsInTheBackground() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ScriptedGenerator.Script script;
    try (TestServer server = TestServer.start(generator)) {
      create(server, BACKGROUND);
      script = generator.next();
    }
    assertThat(script.awaitCancel()).isTrue();
  }

  @Test
  void onlyWhatRunsInTheBackgroundCanBeCancelled() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      String id = create(server, HI).path("id").asText();
      assertThat(server.post(RESPONSES + "/" + id + "/cancel", "").statusCode()).isEqualTo(400);
    }
  }

  @Test
  void inputIsCounted() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("x"))) {
      HttpResponse<String> response = server.post(RESPONSES + "/input_tokens", HI);
      assertThat(response.body()).isEqualTo("{\"object\":\"response.input_tokens\",\"input_tokens\":3}");
    }
  }
}
