package io.panallama.server;

import static io.panallama.server.AnthropicMessagesTest.HELLO;
import static io.panallama.server.AnthropicMessagesTest.MESSAGES;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.chat.ToolChoice;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.server.dialect.Ignored;
import java.net.http.HttpResponse;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a request in Anthropic's shape asks the core for. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class AnthropicRequestTest {
  private final ScriptedGenerator generator = ScriptedGenerator.answering("ok");
  private final TestServer server = TestServer.start(generator);

  @AfterAll
  void stop() {
    server.close();
  }

  /** Forgets the requests of a test that did not look at them. */
  @BeforeEach
  void forget() throws InterruptedException {
    while (generator.startedMore()) {
      generator.next();
    }
  }

  private ChatRequest request(String body) throws InterruptedException {
    HttpResponse<String> response = server.post(MESSAGES, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return (ChatRequest) generator.next().request();
  }

  private ChatRequest conversation(String messages) throws InterruptedException {
    return request("{\"max_tokens\": 9, \"messages\": " + messages + "}");
  }

  /** A body with further fields. */
  private static String with(String fields) {
    return HELLO.substring(0, HELLO.length() - 1) + ", " + fields + "}";
  }

  private String refusal(String body) {
    HttpResponse<String> response = server.post(MESSAGES, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    return json(response.body()).path("error").path("message").asText();
  }

  @Test
  void systemIsATextOrBlocks() throws Exception {
    assertThat(request(with("\"system\": \"Be brief.\"")).messages())
        .containsExactly(ChatMessage.system("Be brief."), ChatMessage.user("Hi"));
    String blocks =
        """
        "system": [{"type": "text", "text": "Be", "cache_control": {"type": "ephemeral"}}, {"type": "text", "text": "brief."}]\
        """;
    assertThat(request(with(blocks)).messages().getFirst()).isEqualTo(ChatMessage.system("Be\nbrief."));
    assertThat(request(with("\"system\": []")).messages()).containsExactly(ChatMessage.user("Hi"));
  }

  @Test
  void theStampOfABillingHeaderIsFixed() throws Exception {
    String header = "x-anthropic-billing-header: cc_version=2.1.101.e51; cc_entrypoint=cli; cch=a5145;";
    String fixed = header.replace("a5145", "fffff");
    assertThat(request(with("\"system\": \"" + header + "You are\"")).messages().getFirst().content())
        .isEqualTo(fixed + "You are");
    String blocks = "\"system\": [{\"type\": \"text\", \"text\": \"" + header + "\"}]";
    assertThat(request(with(blocks)).messages().getFirst().content()).isEqualTo(fixed);
    assertThat(request(with("\"system\": \"cch=a5145;\"")).messages().getFirst().content()).isEqualTo("cch=a5145;");
  }

  @Test
  void toolResultsAreMessagesBehindTheirCalls() throws Exception {
    String messages =
        """
        [{"role": "user", "content": [{"type": "text", "text": "Weather?"}, {"type": "text", "text": "Quick!"}]},
         {"id": "msg_1", "type": "message", "role": "assistant", "model": "m", "stop_reason": "tool_use", "content": [
           {"type": "thinking", "thinking": "I look.", "signature": "abc"},
           {"type": "redacted_thinking", "data": "xyz"},
           {"type": "text", "text": "One "}, {"type": "text", "text": "moment."},
           {"type": "tool_use", "id": "toolu_a1", "name": "get_weather", "input": {"city": "Paris", "n": 1.50}},
           {"type": "tool_use", "id": "b2", "name": "now"}]},
         {"role": "user", "content": [
           {"type": "text", "text": "Here:"},
           {"type": "tool_result", "tool_use_id": "toolu_a1", "content": [{"type": "text", "text": "Sunny"},
             {"type": "text", "text": "25°C"}], "cache_control": {"type": "ephemeral"}},
           {"type": "tool_result", "tool_use_id": "b2", "is_error": true, "content": "no clock"},
           {"type": "tool_result", "tool_use_id": "c3", "is_error": true},
           {"type": "tool_result", "tool_use_id": "d4", "is_error": true, "content": "Error 7"},
           {"type": "text", "text": "Well?"}]}]
        """;
    assertThat(conversation(messages).messages())
        .containsExactly(
            ChatMessage.user("Weather?\nQuick!"),
            new ChatMessage(
                Role.ASSISTANT,
                "One moment.",
                "I look.",
                List.of(
                    new ToolCall("a1", "get_weather", "{\"city\":\"Paris\",\"n\":1.50}"),
                    new ToolCall("b2", "now", "{}")),
                "",
                ""),
            new ChatMessage(Role.TOOL, "Sunny\n25°C", "", List.of(), "a1", "get_weather"),
            new ChatMessage(Role.TOOL, "Error: no clock", "", List.of(), "b2", "now"),
            new ChatMessage(Role.TOOL, "Error", "", List.of(), "c3", ""),
            new ChatMessage(Role.TOOL, "Error 7", "", List.of(), "d4", ""),
            ChatMessage.user("Here:\nWell?"));
  }

  @Test
  void messagesOfOneRoleInARowAreOneTurn() throws Exception {
    String messages =
        """
        [{"role": "user", "content": "a"}, {"role": "user", "content": "b"},
         {"role": "assistant", "content": "c"}, {"role": "assistant", "content": [{"type": "text", "text": "d"}]},
         {"role": "assistant", "content": ""}, {"role": "system", "content": "s"}, {"role": "user", "content": "e"}]
        """;
    assertThat(conversation(messages).messages())
        .containsExactly(
            ChatMessage.user("a\nb"), ChatMessage.assistant("cd"), ChatMessage.system("s"), ChatMessage.user("e"));
  }

  @Test
  void aLastMessageOfTheAssistantIsContinued() throws Exception {
    assertThat(conversation("[{\"role\": \"user\", \"content\": \"a\"}]").template().turn()).isEqualTo(Turn.NEW);
    ChatRequest prefilled =
        conversation("[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": \"{\"}]");
    assertThat(prefilled.template().turn()).isEqualTo(Turn.CONTINUED);
    assertThat(prefilled.messages().getLast()).isEqualTo(ChatMessage.assistant("{"));
    ChatRequest empty =
        conversation("[{\"role\": \"user\", \"content\": \"a\"}, {\"role\": \"assistant\", \"content\": []}]");
    assertThat(empty.template().turn()).isEqualTo(Turn.NEW);
    assertThat(
            refusal(
                """
                {"messages": [{"role": "user", "content": "a"}, {"role": "assistant", "content":
                  [{"type": "tool_use", "id": "x", "name": "f", "input": {}}]}]}
                """))
        .contains("tool_result");
  }

  @Test
  void documentsAndSearchResultsAreText() throws Exception {
    String messages =
        """
        [{"role": "user", "content": [
          {"type": "document", "title": "T", "source": {"type": "text", "media_type": "text/plain", "data": "one"}},
          {"type": "document", "source": {"type": "content", "content": [{"type": "text", "text": "two"}]}},
          {"type": "search_result", "title": "S", "source": "http://x", "content": [{"type": "text", "text": "three"}],
            "citations": {"enabled": true}}]}]
        """;
    assertThat(conversation(messages).messages()).containsExactly(ChatMessage.user("T\none\ntwo\nS\nhttp://x\nthree"));
  }

  @Test
  void passesOptionsOn() throws Exception {
    ChatRequest request =
        request(
            with(
                """
                "temperature": 0.5, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "seed": 42, "stop_sequences": ["x", "", "y"],
                "metadata": {"user_id": "u"}, "service_tier": "auto", "cache_control": {"type": "ephemeral"},
                "output_config": {"effort": "max", "format": {"type": "json_schema", "schema": {"type": "object"}}},
                "chat_template_kwargs": {"a": [1]}
                """));
    assertThat(request.options().maxTokens()).isEqualTo(50);
    assertThat(request.options().stops()).containsExactly("x", "y");
    assertThat(request.options().sampling().seed()).isEqualTo(42);
    assertThat(request.options().sampling().chain())
        .contains(
            new Sampler.TopK(7), new Sampler.TopP(0.9f, 1), new Sampler.MinP(0.1f, 1), new Sampler.Temperature(0.5f));
    assertThat(request.options().format()).isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}", false));
    assertThat(request.template().arguments()).containsEntry("reasoning_effort", "\"high\"").containsEntry("a", "[1]");
    assertThat(request(HELLO.replace("50", "0")).options().maxTokens()).isZero();
    assertThat(request(HELLO.replace("50", "-1")).options().maxTokens()).isEqualTo(GenerationOptions.UNLIMITED);
    assertThat(request(HELLO.replace("\"max_tokens\": 50,", "")).options().maxTokens())
        .isEqualTo(GenerationOptions.UNLIMITED);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"type": "enabled", "budget_tokens": 1024}   | true  | 1024
          {"type": "enabled", "budget_tokens": 0}      | true  | 0
          {"type": "adaptive", "display": "omitted"}   | true  |
          {"type": "disabled"}                         | false |
          null                                         |       |
          """)
  void thinkingIsASwitchAndABudget(String thinking, Boolean on, Integer budget) throws Exception {
    ChatRequest request = request(with("\"thinking\": " + thinking));
    assertThat(request.template().thinking()).isEqualTo(Optional.ofNullable(on));
    assertThat(request.template().budget().map(ReasoningBudget::tokens)).isEqualTo(Optional.ofNullable(budget));
    assertThat(request.template().budget().map(ReasoningBudget::required).orElse(false))
        .as("agents ask every model to think")
        .isFalse();
  }

  private static final String TOOLS =
      """
      "tools": [
        {"name": "f", "description": "d", "input_schema": {"type": "object"}, "cache_control": {"type": "ephemeral"}},
        {"type": "custom", "name": "g", "strict": true, "input_examples": [{}], "defer_loading": false}]\
      """;

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          null                                                       | Auto[]        |
          {"type": "auto"}                                           | Auto[]        |
          {"type": "any", "disable_parallel_tool_use": true}         | Required[]    | false
          {"type": "tool", "name": "g"}                              | Named[name=g] |
          {"type": "none"}                                           | None[]        |
          "any"                                                      | Required[]    |
          """)
  void passesToolsOn(String choice, String expected, Boolean parallel) throws Exception {
    ChatRequest request = request(with(TOOLS + ", \"tool_choice\": " + choice));
    assertThat(request.tools().list())
        .containsExactly(
            new Tool("f", "d", "{\"type\":\"object\"}", false), new Tool("g", "", Tool.NO_PARAMETERS, true));
    ToolChoice chosen = request.tools().choice();
    assertThat(chosen).hasToString(expected);
    assertThat(request.tools().parallelCalls()).isEqualTo(Optional.ofNullable(parallel));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "tools": [{"type": "web_search_20250305", "name": "web_search", "max_uses": 5}] | tools[0].type
          "context_management": {}, "x": 1, "y": null                                     | context_management, x
          "thinking": {"type": "enabled", "budget_tokens": 9, "later": 1}                 | thinking.later
          "metadata": {"user_id": "u"}                                                    |
          """)
  void theAnswerNamesWhatWasIgnored(String fields, String named) throws Exception {
    HttpResponse<String> response = server.post(MESSAGES, with(fields));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue(Ignored.HEADER)).isEqualTo(Optional.ofNullable(named));
    generator.next();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {"max_tokens": 1}                                                            | messages
          {"messages": []}                                                             | messages is empty
          {"messages": [{"role": "user", "content": []}]}                              | messages[0].content is empty
          {"messages": "x"}                                                            | messages
          {"messages": [{"content": "x"}]}                                             | messages[0].role
          {"messages": [{"role": "tool", "content": "x"}]}                             | messages[0].role
          {"messages": [{"role": "user"}]}                                             | messages[0].content
          {"messages": [{"role": "user", "content": 1}]}                               | messages[0].content
          {"messages": [{"role": "user", "content": ["x"]}]}                           | messages[0].content[0]
          {"messages": [{"role": "user", "content": [{"text": "x"}]}]}                 | messages[0].content[0].type
          {"messages": [{"role": "user", "content": [{"type": "text"}]}]}              | messages[0].content[0].text
          {"messages": [{"role": "user", "content": [{"type": "video"}]}]}             | "video"
          {"messages": [{"role": "user", "content": [{"type": "tool_result"}]}]}       | messages[0].content[0].tool_use_id
          {"messages": [{"role": "user", "content": [{"type": "image", "source": {}}]}]} | messages[0].content[0].type: An image
          {"messages": [{"role": "user", "content": "x"}], "max_tokens": -2}           | max_tokens
          {"messages": [{"role": "user", "content": "x"}], "temperature": "hot"}       | temperature
          {"messages": [{"role": "user", "content": "x"}], "thinking": {}}             | thinking.type
          {"messages": [{"role": "user", "content": "x"}], "tools": [{}]}              | tools[0].name
          {"messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "any"}} | tool_choice
          {"messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "tool"}} | tool_choice.name
          {"messages": [{"role": "user", "content": "x"}], "tool_choice": {"type": "x"}} | tool_choice.type
          {"messages": [{"role": "user", "content": "x"}], "output_config": {"format": {"type": "json_schema"}}} | output_config.format.schema
          """)
  void aWrongFieldIsNamed(String body, String path) {
    assertThat(refusal(body)).contains(path);
  }

  @Test
  void anImageInAToolResultIsRefused() {
    assertThat(
            refusal(
                """
                {"messages": [{"role": "user", "content": [{"type": "tool_result", "tool_use_id": "x", "content":
                  [{"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": ""}}]}]}]}
                """))
        .contains("image");
  }

  @ParameterizedTest
  @ValueSource(strings = {"/messages", "/v1/messages/", "/v1/messages?beta=true"})
  void pathsHaveSeveralForms(String path) throws Exception {
    assertThat(server.post(path, HELLO).statusCode()).isEqualTo(200);
    generator.next();
  }
}
