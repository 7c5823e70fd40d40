package io.panallama.server;

import static io.panallama.server.OllamaTest.CHAT;
import static io.panallama.server.OllamaTest.GENERATE;
import static io.panallama.server.OllamaTest.HELLO;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.TemplateOptions.Turn;
import io.panallama.chat.Tool;
import io.panallama.chat.ToolCall;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
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

/** What a request in Ollama's shape asks the core for. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class OllamaRequestTest {
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

  private GenerationRequest request(String path, String body) throws InterruptedException {
    HttpResponse<String> response = server.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return generator.next().request();
  }

  private ChatRequest chat(String messages) throws InterruptedException {
    return (ChatRequest) request(CHAT, "{\"messages\": " + messages + "}");
  }

  /** A chat with further fields. */
  private static String with(String fields) {
    return HELLO.substring(0, HELLO.length() - 1) + ", " + fields + "}";
  }

  private static String generate(String fields) {
    return "{\"prompt\": \"one\", " + fields + "}";
  }

  @Test
  void generateIsAConversationOrARawPromptOrAGap() throws Exception {
    ChatRequest chat = (ChatRequest) request(GENERATE, generate("\"system\": \"Be brief.\""));
    assertThat(chat.messages()).containsExactly(ChatMessage.system("Be brief."), ChatMessage.user("one"));
    CompletionRequest raw =
        (CompletionRequest) request(GENERATE, generate("\"raw\": true, \"options\": {\"seed\": 7}"));
    assertThat(raw.prompt()).isEqualTo(new Prompt.Text("one", true));
    assertThat(raw.options().sampling().seed()).isEqualTo(7);
    InfillRequest gap =
        (InfillRequest) request(GENERATE, generate("\"suffix\": \"two\", \"options\": {\"num_predict\": 9}"));
    assertThat(gap.prefix()).isEqualTo("one");
    assertThat(gap.suffix()).isEqualTo("two");
    assertThat(gap.options().maxTokens()).isEqualTo(9);
  }

  @Test
  void readsMessages() throws Exception {
    String messages =
        """
        [{"role": "system", "content": "s"}, {"role": "user", "content": "u", "images": []},
         {"role": "assistant", "content": "", "thinking": "t", "tool_calls": [
           {"function": {"name": "f", "arguments": {"a": 1}}},
           {"id": "g1", "type": "function", "function": {"index": 1, "name": "g", "arguments": {}}},
           {"function": {"name": "f", "arguments": "{\\"a\\": 2}"}}, {"function": {"name": "h"}}]},
         {"role": "tool", "content": "one", "tool_name": "f"},
         {"role": "tool", "content": "two", "name": "f"},
         {"role": "tool", "content": "three", "tool_call_id": "g1"},
         {"role": "tool", "content": "four"},
         {"role": "tool", "content": "five", "tool_name": "x"}]
        """;
    assertThat(chat(messages).messages())
        .containsExactly(
            ChatMessage.system("s"),
            ChatMessage.user("u"),
            new ChatMessage(
                Role.ASSISTANT,
                "",
                "t",
                List.of(
                    new ToolCall("call00000", "f", "{\"a\":1}"),
                    new ToolCall("g1", "g", "{}"),
                    new ToolCall("call00001", "f", "{\"a\": 2}"),
                    new ToolCall("call00002", "h", "{}")),
                "",
                ""),
            new ChatMessage(Role.TOOL, "one", "", List.of(), "call00000", "f"),
            new ChatMessage(Role.TOOL, "two", "", List.of(), "call00001", "f"),
            new ChatMessage(Role.TOOL, "three", "", List.of(), "g1", "g"),
            new ChatMessage(Role.TOOL, "four", "", List.of(), "call00002", "h"),
            new ChatMessage(Role.TOOL, "five", "", List.of(), "", "x"));
  }

  @Test
  void aLastMessageOfTheAssistantIsContinued() throws Exception {
    String user = "[{\"role\": \"user\", \"content\": \"u\"}";
    assertThat(chat(user + "]").template().turn()).isEqualTo(Turn.NEW);
    assertThat(chat(user + ", {\"role\": \"assistant\", \"content\": \"a\"}]").template().turn())
        .isEqualTo(Turn.CONTINUED);
    ChatRequest empty = chat(user + ", {\"role\": \"assistant\", \"content\": null}]");
    assertThat(empty.template().turn()).isEqualTo(Turn.NEW);
    assertThat(empty.messages()).containsExactly(ChatMessage.user("u"));
  }

  @Test
  void passesOptionsOn() throws Exception {
    String options =
        """
        "options": {"num_predict": 5, "temperature": 0.5, "top_k": 7, "top_p": 0.9, "min_p": 0.1, "seed": 42,
          "stop": ["x", "", "y"], "repeat_penalty": 1.1, "repeat_last_n": 32, "presence_penalty": 0.3,
          "frequency_penalty": 0.2}, "keep_alive": "5m", "truncate": true, "shift": true\
        """;
    GenerationOptions passed = request(CHAT, with(options)).options();
    assertThat(passed.maxTokens()).isEqualTo(5);
    assertThat(passed.stops()).containsExactly("x", "y");
    assertThat(passed.sampling().seed()).isEqualTo(42);
    assertThat(passed.overflow()).isEqualTo(new ContextOverflow.Shift(0));
    assertThat(passed.sampling().chain())
        .contains(
            new Sampler.TopK(7),
            new Sampler.TopP(0.9f, 1),
            new Sampler.MinP(0.1f, 1),
            new Sampler.Temperature(0.5f),
            new Sampler.Penalties(32, 1.1f, 0.2f, 0.3f));
    for (String limit : List.of("-1", "-2", "0", "null")) {
      assertThat(request(CHAT, with("\"options\": {\"num_predict\": " + limit + "}")).options().maxTokens())
          .isEqualTo(GenerationOptions.UNLIMITED);
    }
    assertThat(request(CHAT, with("\"options\": {\"stop\": \"x\"}")).options().stops()).containsExactly("x");
    assertThat(request(CHAT, HELLO).options().overflow()).isEqualTo(new ContextOverflow.Reject());
  }

  @Test
  void aFormatIsJsonOrASchema() throws Exception {
    assertThat(request(CHAT, with("\"format\": \"json\"")).options().format())
        .isEqualTo(new ResponseFormat.JsonObject());
    assertThat(request(CHAT, with("\"format\": {\"type\": \"object\"}")).options().format())
        .isEqualTo(new ResponseFormat.JsonSchema("{\"type\":\"object\"}", false));
    assertThat(request(GENERATE, generate("\"format\": \"\"")).options().format()).isEqualTo(new ResponseFormat.Text());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          null   |       |
          true   | true  |
          false  | false |
          "low"  | true  | "low"
          "max"  | true  | "high"
          """)
  void thinkIsASwitchOrALevel(String think, Boolean on, String effort) throws Exception {
    for (GenerationRequest request :
        List.of(request(CHAT, with("\"think\": " + think)), request(GENERATE, generate("\"think\": " + think)))) {
      ChatRequest chat = (ChatRequest) request;
      assertThat(chat.template().thinking()).isEqualTo(Optional.ofNullable(on));
      assertThat(chat.template().arguments().get("reasoning_effort")).isEqualTo(effort);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          "think": 5           | think must be true, false, "low"
          "think": "foo"       | think is "foo"; it must be true, false, "low"
          "keep_alive": {}     | keep_alive must be a number of seconds or a duration
          "keep_alive": true   | keep_alive must be a number of seconds or a duration
          "keep_alive": "foo"  | keep_alive is "foo"; it must be a number of seconds
          "keep_alive": "5 m"  | keep_alive is "5 m"; it must be a number of seconds
          """)
  void aWrongValueIsNamedWithWhatIsAllowed(String field, String message) {
    HttpResponse<String> response = server.post(CHAT, with(field));
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.json(response.body()).path("error").asText()).startsWith(message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          0       | keep_alive
          0.0     | keep_alive
          "0"     | keep_alive
          "0s"    | keep_alive
          "-0h0m" | keep_alive
          300     |
          -1      |
          "-1"    |
          "1h30m" |
          "1.5h"  |
          ""      |
          null    |
          """)
  void modelsStayLoaded(String keepAlive, String named) throws Exception {
    HttpResponse<String> response = server.post(CHAT, with("\"keep_alive\": " + keepAlive));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.headers().firstValue("Panallama-Ignored")).isEqualTo(Optional.ofNullable(named));
    generator.next();
  }

  @Test
  void passesToolsOn() throws Exception {
    String tools =
        """
        "tools": [{"type": "function", "function": {"name": "f", "description": "d", "parameters": {"type": "object"}}}]\
        """;
    assertThat(((ChatRequest) request(CHAT, with(tools))).tools().list())
        .containsExactly(new Tool("f", "d", "{\"type\":\"object\"}", false));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "options": {"num_ctx": 8192, "num_gpu": 1, "numa": null}   | options.num_ctx, options.num_gpu
          "x": 1, "options": null                                    | x
          "keep_alive": 0                                            | keep_alive
          "keep_alive": -1, "template": ""                           |
          "template": "{{ .Prompt }}", "context": [1, 2]             | template, context
          """)
  void theAnswerNamesWhatWasIgnored(String fields, String named) throws Exception {
    HttpResponse<String> response = server.post(GENERATE, generate(fields));
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
          /api/chat     | {"messages": "x"}                                                  | messages
          /api/chat     | {"messages": [{"content": "x"}]}                                   | messages[0].role
          /api/chat     | {"messages": [{"role": "bot", "content": "x"}]}                    | messages[0].role
          /api/chat     | {"messages": [{"role": "user", "content": "x", "images": ["AA"]}]} | messages[0].images
          /api/chat     | {"messages": [{"role": "assistant", "tool_calls": [{}]}]}          | messages[0].tool_calls[0].function
          /api/generate | {"prompt": "x", "images": ["AA"]}                                  | images
          /api/generate | {"prompt": "x", "format": "xml"}                                   | ~format is "xml"; it must be "json" or a JSON schema.~
          /api/generate | {"prompt": "x", "format": 5}                                       | ~format must be "json" or a JSON schema, but it is the number 5.~
          /api/generate | {"prompt": "x", "keep_alive": "soon"}                              | ~keep_alive is "soon"; it must be~
          /api/generate | {"prompt": "x", "options": {"seed": 1e30}}                         | options.seed is
          /api/generate | {"prompt": "x", "options": {"mirostat": 7}}                        | options.mirostat is 7
          /api/generate | {"prompt": "x", "options": {"mirostat": 2147483648}}               | options.mirostat is 2147483648; it must be 0 to 2.
          /api/generate | {"prompt": "x", "options": {"repeat_last_n": -2}}                  | ~options.repeat_last_n is -2; it must be 0 to 1048576, or -1~
          /api/generate | {"prompt": "x", "logprobs": true, "top_logprobs": 2147483648}      | top_logprobs is 2147483648; it must be 0 to 20.
          /api/generate | {"prompt": "x", "options": {"logit_bias": 5}}                      | options.logit_bias must be
          /api/generate | {"prompt": "x", "options": {"samplers": 5}}                        | options.samplers must be
          /api/generate | {"prompt": "x", "think": "hard"}                                   | ~think is "hard"; it must be true~
          /api/generate | {"prompt": "x", "options": {"temperature": "hot"}}                 | options.temperature
          /api/generate | {"prompt": "x", "options": []}                                     | options
          """)
  void aWrongFieldIsNamed(String path, String body, String field) {
    HttpResponse<String> response = server.post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(json(response.body()).path("error").asText()).contains(field);
  }

  @Test
  void theCoresErrorsHaveOllamasNames() {
    ScriptedGenerator strict = new ScriptedGenerator();
    strict.refuse(new InvalidRequestException("maxTokens", InvalidRequestException.name("maxTokens") + " is no good."));
    try (TestServer refusing = TestServer.start(strict)) {
      assertThat(refusing.post(CHAT, HELLO).body()).isEqualTo("{\"error\":\"options.num_predict is no good.\"}");
    }
  }
}
