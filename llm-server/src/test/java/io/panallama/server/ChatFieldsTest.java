package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import io.panallama.generation.TokenLogprobs.TokenLogprob;
import io.panallama.request.ChatRequest;
import io.panallama.request.ResponseFormat;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The fields for tools, reasoning and response formats. */
class ChatFieldsTest {
  private static final String TOOLS =
      """
      "tools": [{"type": "function", "function": {"name": "a", "description": "does a",
         "parameters": {"type": "object", "properties": {"x": {"type": "null"}}}, "strict": true}},
        {"type": "function", "function": {"name": "b"}}]\
      """;

  private static ScriptedGenerator calling() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.emit(new GenerationEvent.Reasoning("I think."));
          script.say("Let me \"see\".");
          script.emit(new GenerationEvent.ToolCallStarted(0, "id0", "a"));
          script.emit(new GenerationEvent.ToolCallArguments(0, "{\"x\":"));
          script.emit(new GenerationEvent.ToolCallArguments(0, "null}"));
          script.emit(new GenerationEvent.ToolCallStarted(1, "id1", "b"));
          script.emit(new GenerationEvent.ToolCallArguments(1, "{}"));
          script.finish(FinishReason.TOOL_CALLS);
        });
  }

  private static ChatRequest request(String fields) throws InterruptedException {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response =
          server.post(CHAT, "{\"messages\": [{\"role\": \"user\", \"content\": \"Hi\"}], " + fields + "}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
      return (ChatRequest) generator.next().request();
    }
  }

  @Test
  void toolsArePassedOn() throws Exception {
    ChatRequest request = request(TOOLS + ", \"tool_choice\": \"required\", \"parallel_tool_calls\": false");
    assertThat(request.tools().list()).extracting(tool -> tool.name()).containsExactly("a", "b");
    assertThat(request.tools().list().getFirst().strict()).isTrue();
    assertThat(request.tools().list().getFirst().parameters()).contains("\"x\"");
    assertThat(request.tools().choice()).isEqualTo(new ToolChoice.Required());
    assertThat(request.tools().parallelCalls()).contains(false);
    ChatRequest named = request(TOOLS + ", \"tool_choice\": {\"type\": \"function\", \"function\": {\"name\": \"b\"}}");
    assertThat(named.tools().choice()).isEqualTo(new ToolChoice.Named("b"));
    assertThat(named.tools().parallelCalls()).as("a named function is called exactly once").contains(false);
    assertThat(request(TOOLS).tools().parallelCalls()).isEmpty();
  }

  /** In the form of OpenAI's chats, and in that of its Responses. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "\"allowed_tools\": {\"mode\": \"%s\", \"tools\": [{\"type\": \"function\", \"function\": {\"name\": \"b\"}}]}",
        "\"mode\": \"%s\", \"tools\": [{\"type\": \"function\", \"name\": \"b\"}]"
      })
  void theModelSeesTheAllowedTools(String allowed) throws Exception {
    String choice = TOOLS + ", \"tool_choice\": {\"type\": \"allowed_tools\", " + allowed + "}";
    ChatRequest required = request(choice.formatted("required"));
    assertThat(required.tools().list()).extracting(Tool::name).containsExactly("b");
    assertThat(required.tools().choice()).isEqualTo(new ToolChoice.Required());
    ChatRequest auto = request(choice.formatted("auto"));
    assertThat(auto.tools().list()).extracting(Tool::name).containsExactly("b");
    assertThat(auto.tools().choice()).isEqualTo(new ToolChoice.Auto());
  }

  @Test
  void responseFormatsArePassedOn() throws Exception {
    assertThat(request("\"response_format\": {\"type\": \"json_object\"}").options().format())
        .isEqualTo(new ResponseFormat.JsonObject());
    String schema = "{\"type\":\"null\"}";
    assertThat(request("\"json_schema\": " + schema).options().format())
        .isEqualTo(new ResponseFormat.JsonSchema(schema, false));
    String named =
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\", %s\"schema\": %s}}";
    assertThat(request(named.formatted("", schema)).options().format())
        .isEqualTo(new ResponseFormat.JsonSchema(schema, false));
    assertThat(request(named.formatted("\"strict\": true, ", schema)).options().format())
        .isEqualTo(new ResponseFormat.JsonSchema(schema, true));
    String loose =
        "\"response_format\": {\"type\": \"json_schema\", \"json_schema\": {\"name\": \"n\", \"strict\": false,"
            + " \"schema\": "
            + schema
            + "}}";
    assertThat(request(loose).options().format()).isEqualTo(new ResponseFormat.JsonSchema(schema, false));
  }

  @Test
  void templateOptionsArePassedOn() throws Exception {
    ChatRequest request =
        request(
            "\"reasoning_format\": \"none\", \"reasoning_effort\": \"low\", "
                + "\"chat_template_kwargs\": {\"enable_thinking\": false, \"n\": [1]}");
    assertThat(request.template().reasoning()).isEqualTo(ReasoningFormat.NONE);
    assertThat(request.template().arguments())
        .isEqualTo(Map.of("enable_thinking", "false", "n", "[1]", "reasoning_effort", "\"low\""));
    assertThat(request("\"reasoning_effort\": \"none\"").template().thinking()).contains(false);
    assertThat(request("\"add_generation_prompt\": false").template().turn()).isEqualTo(Turn.OPEN);
    assertThat(request("\"continue_final_message\": true").template().turn()).isEqualTo(Turn.CONTINUED);
    assertThat(request("\"continue_final_message\": \"content\"").template().turn()).isEqualTo(Turn.CONTINUED_TEXT);
  }

  @Test
  void aHistoryWithToolCallsIsPassedOn() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      String body =
          """
          {"messages": [{"role": "user", "content": "Hi"},
            {"role": "assistant", "content": null, "reasoning_content": "hm", "tool_calls": [
              {"id": "1", "type": "function", "function": {"name": "a", "arguments": "{\\"x\\": 1}"}},
              {"type": "function", "function": {"name": "b", "arguments": {"y": 2}}}]},
            {"role": "tool", "tool_call_id": "1", "name": "a", "content": "done"}]}
          """;
      assertThat(server.post(CHAT, body).statusCode()).isEqualTo(200);
      List<ChatMessage> messages = ((ChatRequest) generator.next().request()).messages();
      assertThat(messages.get(1))
          .isEqualTo(
              new ChatMessage(
                  Role.ASSISTANT,
                  "",
                  "hm",
                  List.of(new ToolCall("1", "a", "{\"x\": 1}"), new ToolCall("", "b", "{\"y\":2}")),
                  "",
                  ""));
      assertThat(messages.get(2)).isEqualTo(new ChatMessage(Role.TOOL, "done", "", List.of(), "1", "a"));
    }
  }

  @Test
  void answersWithToolCallsHaveOpenAisShape() {
    try (TestServer server = TestServer.start(calling())) {
      JsonNode choice = json(server.post(CHAT, TestServer.HELLO).body()).path("choices").path(0);
      assertThat(choice.path("finish_reason").asText()).isEqualTo("tool_calls");
      assertThat(choice.path("message").toString())
          .isEqualTo(
              "{\"role\":\"assistant\",\"content\":\"Let me \\\"see\\\".\",\"reasoning_content\":\"I think.\","
                  + "\"tool_calls\":[{\"id\":\"id0\",\"type\":\"function\",\"function\":{\"name\":\"a\","
                  + "\"arguments\":\"{\\\"x\\\":null}\"}},{\"id\":\"id1\",\"type\":\"function\",\"function\":"
                  + "{\"name\":\"b\",\"arguments\":\"{}\"}}],\"refusal\":null}");
    }
  }

  @Test
  void streamsWithToolCallsHaveOpenAisShape() {
    try (TestServer server = TestServer.start(calling())) {
      List<String> deltas =
          data(server.post(CHAT, TestServer.HELLO_STREAM).body()).stream()
              .filter(event -> !event.equals("[DONE]"))
              .map(event -> json(event).path("choices").path(0).path("delta").toString())
              .toList();
      assertThat(deltas)
          .containsExactly(
              "{\"role\":\"assistant\",\"content\":null}",
              "{\"reasoning_content\":\"I think.\"}",
              "{\"content\":\"Let me \\\"see\\\".\"}",
              "{\"tool_calls\":[{\"index\":0,\"id\":\"id0\",\"type\":\"function\",\"function\":"
                  + "{\"name\":\"a\",\"arguments\":\"\"}}]}",
              "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"{\\\"x\\\":\"}}]}",
              "{\"tool_calls\":[{\"index\":0,\"function\":{\"arguments\":\"null}\"}}]}",
              "{\"tool_calls\":[{\"index\":1,\"id\":\"id1\",\"type\":\"function\",\"function\":"
                  + "{\"name\":\"b\",\"arguments\":\"\"}}]}",
              "{\"tool_calls\":[{\"index\":1,\"function\":{\"arguments\":\"{}\"}}]}",
              "{}");
    }
  }

  private static List<String> asMistral(TestServer server, String body) {
    return data(
        server
            .send(
                server
                    .request(CHAT)
                    .header("User-Agent", "langchain4j-mistral-ai")
                    .POST(HttpRequest.BodyPublishers.ofString(body))
                    .build())
            .body());
  }

  /** They keep the last chunk with calls only, and don't ask for the counts of tokens. */
  @Test
  void mistralsClientsGetTheCallsAndTheUsageAtTheEnd() {
    try (TestServer server = TestServer.start(calling())) {
      List<String> events = asMistral(server, TestServer.HELLO_STREAM);
      assertThat(events.stream().filter(event -> event.contains("tool_calls\":[")))
          .map(event -> json(event).path("choices").path(0).path("delta").toString())
          .containsExactly(
              "{\"tool_calls\":[{\"index\":0,\"id\":\"id0\",\"type\":\"function\",\"function\":"
                  + "{\"name\":\"a\",\"arguments\":\"{\\\"x\\\":null}\"}},"
                  + "{\"index\":1,\"id\":\"id1\",\"type\":\"function\",\"function\":"
                  + "{\"name\":\"b\",\"arguments\":\"{}\"}}]}");
      assertThat(events.stream().filter(event -> event.contains("\"usage\":{")))
          .singleElement()
          .satisfies(event -> assertThat(json(event).at("/choices/0/finish_reason").asText()).isEqualTo("tool_calls"));
      List<String> two = asMistral(server, TestServer.HELLO_STREAM.replace("}],", "}], \"n\": 2,"));
      assertThat(two.stream().filter(event -> event.contains("\"usage\":{"))).hasSize(1);
    }
  }

  @Test
  void openRoutersWordForTheUsageIsUnderstood() {
    try (TestServer server = TestServer.start(calling())) {
      String body = TestServer.HELLO_STREAM.replace("}],", "}], \"usage\": {\"include\": true},");
      assertThat(data(server.post(CHAT, body).body()).stream().filter(event -> event.contains("\"usage\":{")))
          .singleElement()
          .satisfies(event -> assertThat(json(event).path("choices")).isEmpty());
    }
  }

  @Test
  void streamedLogProbabilitiesHaveOpenAisShape() {
    TokenLogprobs token =
        new TokenLogprobs(
            new TokenLogprob('a', -0.5f), List.of(new TokenLogprob('a', -0.5f), new TokenLogprob('b', -1)));
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.emit(new GenerationEvent.Text("a", List.of(token)));
              script.finish(FinishReason.STOP);
            });
    try (TestServer server = TestServer.start(generator)) {
      String body = TestServer.HELLO_STREAM.replace("}],", "}], \"logprobs\": true, \"top_logprobs\": 1,");
      JsonNode choice = json(data(server.post(CHAT, body).body()).get(1)).path("choices").path(0);
      assertThat(choice.path("delta").path("content").asText()).isEqualTo("a");
      assertThat(choice.path("logprobs").toString())
          .isEqualTo(
              "{\"content\":[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97],\"top_logprobs\":"
                  + "[{\"token\":\"a\",\"logprob\":-0.5,\"bytes\":[97]}]}],\"refusal\":null}");
    }
  }

  @Test
  void aTemplateCanBeApplied() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("ok"))) {
      assertThat(server.post("/apply-template", TestServer.HELLO).body()).isEqualTo("{\"prompt\":\"<Hello>\"}");
      assertThat(server.post("/apply-template", "{}").statusCode()).isEqualTo(400);
      assertThat(server.get("/apply-template").statusCode()).isEqualTo(405);
    }
  }
}
