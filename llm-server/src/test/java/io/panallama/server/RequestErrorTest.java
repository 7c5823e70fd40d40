package io.panallama.server;

import static io.panallama.error.InvalidRequestException.name;
import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.server.http.ErrorBoundary;
import io.panallama.server.registry.Registry;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The answer to bad input: a status, and an error that names the field. Bad input must not reach the engine. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class RequestErrorTest {
  private static final String MESSAGES = "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]";

  private final ScriptedGenerator generator = new ScriptedGenerator();
  private final TestServer server =
      TestServer.start(
          TestServer.config().toBuilder().maxBodyBytes(100_000).strictFields(true).strictModelNames(true).build(),
          generator);

  @AfterAll
  void stop() {
    assertThat(generator.startedMore()).isFalse();
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "temperature": "hot"                     | temperature                  | must be a number, but it is a string
          "temperature": -1                        | temperature                  | temperature is -1; it must be
          "temperature": [1]                       | temperature                  | must be a number, but it is an array
          "top_p": 1.5                             | top_p                        | 0 to 1
          "top_k": 1.5                             | top_k                        | must be a whole number
          "top_k": [5]                             | top_k                        | must be a whole number
          "max_tokens": -5                         | max_tokens                   | max_tokens is -5
          "max_tokens": 1, "max_completion_tokens": 2 | max_tokens                | contradict
          "max_tokens": 1e999                      | max_tokens                   | beyond the range of a double
          "seed": 18446744073709551616             | seed                         | seed is 18446744073709551616; it must be at most 18446744073709551615.
          "seed": -1e30                            | seed                         | it must be at least -18446744073709551615.
          "seed": 1.5                              | seed                         | must be a whole number
          "min_tokens": 10000000000000000000000000000000 | min_tokens             | min_tokens is 100000000000000000000000...; it must be at most 2147483647.
          "time_limit_ms": -10000000000000000000000 | time_limit_ms               | time_limit_ms is -10000000000000000000000; it must be at least 1.
          "stream": "yes"                          | stream                       | must be true or false
          "stream": true, "stream_options": 1      | stream_options               | must be an object
          "stream_options": {"include_usage": true} | stream_options              | only allowed when stream is true
          "stream": true, "stream_options": {"x": 1} | stream_options.x           | Unknown parameter: stream_options.x
          "n": 0                                   | n                            | n is 0; it must be 1 to 128.
          "n": -1                                  | n                            | n is -1; it must be 1 to 128.
          "n": 2147483648                          | n                            | n is 2147483648; it must be 1 to 128, or to as many as the engine has
          "n_cmpl": -2147483649                    | n_cmpl                       | n_cmpl is -2147483649; it must be 1 to 128
          "best_of": 2147483648                    | best_of                      | best_of is 2147483648;
          "n": 129                                 | n                            | n is 129; it must be 1 to 128.
          "n_cmpl": 1000000000                     | n_cmpl                       | n_cmpl is 1000000000; it must be 1 to 128.
          "n": "2"                                 | n                            | must be a whole number
          "best_of": 3                             | best_of                      | gives all the answers that it makes
          "n": 2, "best_of": 1                     | best_of                      | equal to n
          "stop": 5                                | stop                         | a string or an array of strings
          "stop": ["a", 5]                         | stop[1]                      | must be a string
          "dry_multiplier": 1, "dry_sequence_breakers": ["a", ""] | dry_sequence_breakers[1] | dry_sequence_breakers[1] has 0 bytes
          "bad_words": ["a", ""]                   | bad_words[1]                 | bad_words[1] has 0 chars; it must have 1 to 256
          "stop": "half \\ud800"                   | stop                         | surrogate
          "logit_bias": {"a": "b"}                 | logit_bias.a                 | must be a number
          "logit_bias": {"1": "x"}                 | logit_bias.1                 | must be a number
          "ignore_eos": 1                          | ignore_eos                   | must be true or false
          "repeat_penalty": 0                      | repeat_penalty               | larger than 0
          "tools": 5                               | tools                        | must be an array of tools
          "tools": [5]                             | tools[0]                     | must be an object
          "tools": [{}]                            | tools[0].function            | is missing
          "tools": [{"type": "custom"}]            | tools[0].type                | tools of type "function" only
          "tools": [{"type": "function"}]          | tools[0].function            | is missing
          "tools": [{"type": "function", "function": {}}] | tools[0].function.name | is missing
          "tools": [{"type": "function", "function": {"name": "a b"}}] | tools[0].function.name | letters, digits
          "tools": [{"type": "function", "function": {"name": "a", "parameters": 5}}] | tools[0].function.parameters | a JSON schema
          "tool_choice": "required"                | tool_choice                  | tools is empty
          "tool_choice": "sometimes"               | tool_choice                  | tool_choice is "sometimes"; it must be "auto", "none"
          "tool_choice": 5                         | tool_choice                  | must be "auto", "none", "required" or one of the tools, but it is the number 5
          "functions": [{"name": "f"}], "function_call": "always" | function_call | function_call is "always"; it must be
          "tool_choice": {"type": "function", "function": {"name": "a"}} | tool_choice | not in tools
          "tool_choice": {"type": "custom"}        | tool_choice.type             | "function", "allowed_tools"
          "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "auto"}} | tool_choice.allowed_tools.tools | is missing
          "tool_choice": {"type": "allowed_tools", "allowed_tools": {"mode": "all", "tools": []}} | tool_choice.allowed_tools.mode | "auto", "required"
          "tool_choice": {"type": "allowed_tools", "allowed_tools": {"tools": [{"function": {"name": "a"}}]}} | tool_choice.allowed_tools.tools[0].function.name | none of the functions in tools
          "image_data": [{"data": "x", "id": 1}]   | image_data                   | The field image_data is not supported by this version
          "grammar": "root ::= [a]", "json_schema": {} | grammar                 | combined with json_schema
          "grammar": "root ::= [a]", "response_format": {"type": "json_object"} | grammar | combined with response_format
          "logit_bias": {"5": 1e308}               | logit_bias.5                 | logit_bias.5 is 1E+308; it must be at most 3.4028235E38
          "presence_penalty": -1e300               | presence_penalty             | it must be at least -3.4028235E38
          "parallel_tool_calls": 1                 | parallel_tool_calls          | true or false
          "functions": 5                           | functions                    | functions must be an array of functions, but it is the number 5
          "functions": "x"                         | functions                    | functions must be an array of functions, but it is a string
          "functions": true                        | functions                    | must be an array of functions
          "functions": {}                          | functions                    | must be an array of functions
          "functions": {"a": 1}                    | functions                    | must be an array of functions
          "functions": [{"name": "f"}, {"name": "f"}] | functions[1].name         | functions[0].name
          "functions": [{"name": "f"}], "function_call": {"name": "nope"} | function_call | function_call names "nope", which is not in functions.
          "functions": [{"name": "f"}], "tools": [{"type": "function", "function": {"name": "a"}}] | functions | older name of tools
          "function_call": {"name": "nope"}        | function_call                | function_call names "nope", which is not in functions.
          "function_call": 5                       | function_call                | must be "auto", "none" or one of the functions, but it is the number 5
          "function_call": [1]                     | function_call                | must be "auto", "none" or one of the functions, but it is an array
          "function_call": {}                      | function_call.name           | is missing
          "functions": [{}]                        | functions[0].name            | is missing
          "logprobs": "1"                          | logprobs                     | true or false
          "logprobs": 21                           | logprobs                     | logprobs is 21; it must be 0 to 20.
          "logprobs": -1                           | logprobs                     | 0 to 20
          "logprobs": 1.5                          | logprobs                     | a whole number
          "logprobs": 0, "top_logprobs": 3         | top_logprobs                 | only allowed when logprobs is true
          "random_seed": "5"                       | random_seed                  | a whole number
          "top_logprobs": 3                        | top_logprobs                 | only allowed when logprobs is true
          "logprobs": true, "top_logprobs": -1     | top_logprobs                 | 0 to 20
          "logprobs": true, "top_logprobs": 2147483648 | top_logprobs             | top_logprobs is 2147483648; it must be 0 to 20.
          "mirostat": 2147483648                   | mirostat                     | mirostat is 2147483648; it must be 0 to 2.
          "repeat_last_n": -2                      | repeat_last_n                | repeat_last_n is -2; it must be 0 to 1048576, or -1 for all tokens.
          "dry_penalty_last_n": -99999999999       | dry_penalty_last_n           | dry_penalty_last_n is -99999999999; it must be 0 to 1048576, or -1 for all tokens.
          "repeat_last_n": 2147483648              | repeat_last_n                | repeat_last_n is 2147483648; no more than 1048576
          "dry_allowed_length": -99999999999       | dry_allowed_length           | dry_allowed_length is -99999999999; it must be 0 or more.
          "reasoning_budget_tokens": -2            | reasoning_budget_tokens      | reasoning_budget_tokens is -2; it must be 0 or more, or -1 for no limit.
          "thinking_budget_tokens": 2147483648     | thinking_budget_tokens       | it must be at most 2147483647, or -1 for no limit.
          "top_k": -99999999999                    | top_k                        | top_k is -99999999999; it must be 0 or more, or -1
          "max_tokens": -99999999999               | max_tokens                   | max_tokens is -99999999999; it must be 0 or more, or -1
          "top_p": 1e300                           | top_p                        | top_p is 1E+300; it must be 0 to 1.
          "logprobs": true, "top_logprobs": 21     | top_logprobs                 | 0 to 20
          "modalities": ["audio"]                  | modalities                   | modalities may only be ["text"]: other modalities are not supported
          "dry_sequence_breakers": "[5]"           | dry_sequence_breakers[0]     | must be a string
          "dry_sequence_breakers": "a"             | dry_sequence_breakers        | a text with such an array in JSON
          "response_format": {"type": "xml"}       | response_format.type         | must be one of
          "response_format": {"type": "json_schema"} | response_format.json_schema | is missing
          "response_format": {"type": "json_schema", "json_schema": {"schema": 5}} | response_format.json_schema.schema | a JSON schema
          "json_schema": {}, "response_format": {"type": "text"} | json_schema    | exclude each other
          "reasoning_format": "loud"               | reasoning_format             | Unknown reasoning format
          "chat_template_kwargs": 5                | chat_template_kwargs         | must be an object
          "continue_final_message": "all"          | continue_final_message       | continue_final_message is "all"; it must be true, false, "content" or "reasoning_content"
          "continue_final_message": true, "add_generation_prompt": true | continue_final_message | exclude each other
          "verbosity": "high"                      | verbosity                    | Unknown parameter: verbosity
          "priority": 10                           | priority                     | priority is 10; it must be 0 to 9.
          "priority": -1                           | priority                     | priority is -1; it must be 0 to 9.
          "priority": -99999999999                 | priority                     | priority is -99999999999; it must be 0 to 9.
          "priority": 2147483648                   | priority                     | priority is 2147483648; it must be 0 to 9.
          "priority": "high"                       | priority                     | must be a whole number, but it is a string
          "time_limit_ms": 0                       | time_limit_ms                | time_limit_ms is 0; it must be at least 1.
          "time_limit_ms": -5                      | time_limit_ms                | time_limit_ms is -5; it must be at least 1.
          "time_limit_ms": 1.5                     | time_limit_ms                | must be a whole number
          "time_limit_ms": "1s"                    | time_limit_ms                | must be a whole number, but it is a string
          "context_overflow": "slide"              | context_overflow             | is "slide"; it must be one of "reject", "stop", "shift".
          "context_overflow": ""                   | context_overflow             | must be one of
          "context_overflow": true                 | context_overflow             | must be a string, but it is true
          "context_overflow": "🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙🦙" | context_overflow | 🦙..."; it must be
          "context_overflow": "shift", "n_keep": -1 | n_keep                      | n_keep is -1; it must be 0 or more.
          "context_overflow": "shift", "n_keep": [] | n_keep                      | must be a whole number
          "context_overflow": "stop", "n_keep": 5  | n_keep                       | only allowed when context_overflow is "shift"
          "tempersture": 1                         | tempersture                  | Unknown parameter: tempersture
          "model": 5                               | model                        | must be a string
          """)
  void aWrongFieldIsNamed(String field, String param, String message) {
    HttpResponse<String> response = server.post(CHAT, "{" + MESSAGES + ", " + field + "}");
    assertError(response, 400, param, message);
  }

  /** A template may copy its variables at every step, so a large one costs much more than the body it came in. */
  @ParameterizedTest
  @ValueSource(
      strings = {
        "/v1/chat/completions messages",
        "/v1/chat/completions/input_tokens messages",
        "/apply-template messages",
        "/v1/responses input",
        "/v1/messages messages"
      })
  void variablesOfTheTemplateAreLimited(String route) {
    String path = route.split(" ")[0];
    String conversation = route.endsWith(" input") ? "\"input\": \"x\"" : MESSAGES;
    String body = "{" + conversation + ", \"max_tokens\": 1, \"chat_template_kwargs\": {\"a\": true, \"b\": \"%s\"}}";
    // Besides it there are two names, a value of four characters, and two quotes.
    int most = 65_536 - 8;
    try (TestServer answering = TestServer.start(ScriptedGenerator.answering("x"))) {
      assertThat(answering.post(path, body.formatted("c".repeat(most))).statusCode()).isEqualTo(200);
      HttpResponse<String> refused = answering.post(path, body.formatted("c".repeat(most + 1)));
      assertThat(refused.statusCode()).isEqualTo(400);
      assertThat(refused.body())
          .contains("chat_template_kwargs has 65537 characters; at most 65536 are allowed", "belong into messages");
    }
  }

  @Test
  void anEffortIsAWord() {
    String effort = "\"" + "h".repeat(257) + "\"";
    assertError(
        server.post(CHAT, "{" + MESSAGES + ", \"reasoning_effort\": " + effort + "}"),
        400,
        "reasoning_effort",
        "reasoning_effort has 257 characters; it must be a word of at most 256");
    assertError(
        server.post("/v1/responses", "{\"input\": \"x\", \"reasoning\": {\"effort\": " + effort + "}}"),
        400,
        "reasoning.effort",
        "reasoning.effort has 257 characters");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {}                                                          | messages                 | messages is missing
          {"messages": null}                                          | messages                 | messages is missing
          {"messages": []}                                            | messages                 | messages is empty
          {"messages": "hi"}                                          | messages                 | an array of messages
          {"messages": [5]}                                           | messages[0]              | must be an object
          {"messages": [{"content": "x"}]}                            | messages[0].role         | is missing
          {"messages": [{"role": "king", "content": "x"}]}            | messages[0].role         | tool, developer, function
          {"messages": [{"role": "user", "content": 5}]}              | messages[0].content      | a string or an array
          {"messages": [{"role": "user", "content": ["x"]}]}          | messages[0].content[0]   | must be an object
          {"messages": [{"role": "user", "content": [{"type": "image_url"}]}]} | messages[0].content[0].type | not supported
          {"messages": [{"role": "user", "content": [{"type": "text"}]}]} | messages[0].content[0].text | is missing
          {"messages": [{"role": "user", "content": "x", "name": 5}]} | messages[0].name         | must be a string
          {"messages": [{"role": "user", "content": "x", "function_call": {}}]} | messages[0].function_call | the assistant
          {"messages": [{"role": "user", "content": "x", "tool_calls": [{}]}]} | messages[0].tool_calls | the assistant
          {"messages": [{"role": "assistant", "tool_calls": [5]}]}    | messages[0].tool_calls[0] | must be an object
          {"messages": [{"role": "assistant", "tool_calls": [{"type": "mcp"}]}]} | messages[0].tool_calls[0].type | must be "function" or "custom"
          {"messages": [{"role": "assistant", "tool_calls": [{"type": "custom"}]}]} | messages[0].tool_calls[0].custom | is missing
          {"messages": [{"role": "assistant", "tool_calls": [{"type": "custom", "custom": {}}]}]} | messages[0].tool_calls[0].custom.name | is missing
          {"messages": [{"role": "assistant", "tool_calls": [{"type": "function"}]}]} | messages[0].tool_calls[0].function | is missing
          {"messages": [{"role": "assistant", "tool_calls": [{"type": "function", "function": {}}]}]} | messages[0].tool_calls[0].function.name | is missing
          {"messages": [{"role": "assistant", "tool_calls": 5}]}      | messages[0].tool_calls   | an array of tool calls
          {"messages": [{"role": "user", "content": "x", "mood": 1}]} | messages[0].mood         | Unknown parameter
          {"messages": [{"role": "user", "content": "\\udc00"}]}      | messages[0].content      | surrogate
          """)
  void aWrongMessageIsNamed(String body, String param, String message) {
    assertError(server.post(CHAT, body), 400, param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          {}                                | prompt    | prompt is missing
          {"prompt": {}}                    | prompt    | must be a string, an array
          {"prompt": []}                    | prompt    | no tokens
          {"prompt": ["a", {}]}             | prompt[1] | must be a string, an array
          {"prompt": [1, true]}             | prompt[1] | must be a token id
          {"prompt": "a", "echo": 1}        | echo      | must be true or false
          {"prompt": "a", "echo": true, "logprobs": 0, "suffix": "b"} | echo | echo, logprobs and suffix
          {"prompt": "a", "prompt_logprobs": 21} | prompt_logprobs | prompt_logprobs is 21; it must be 0 to 20.
          {"prompt": "a", "suffix": 5}      | suffix    | must be a string
          {"prompt": [1], "suffix": "b"}    | suffix    | not with token ids
          {"prompt": "a", "logprobs": true} | logprobs  | must be a whole number
          {"prompt": "a", "logprobs": 21}   | logprobs  | logprobs is 21; it must be 0 to 20.
          {"prompt": "a", "logprobs": 2147483648} | logprobs | logprobs is 2147483648; it must be 0 to 20.
          {"prompt": "a", "logprobs": -1}   | logprobs  | logprobs is -1; it must be 0 to 20.
          {"prompt": "a", "top_logprobs": 2} | top_logprobs | belongs to chats
          """)
  void aWrongCompletionFieldIsNamed(String body, String param, String message) {
    assertError(server.post("/v1/completions", body), 400, param, message);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          "input_suffix": ""                                | input_prefix             | input_prefix is missing.
          "input_prefix": ""                                | input_suffix             | input_suffix is missing.
          "input_prefix": 5, "input_suffix": ""             | input_prefix             | must be a string
          GAP, "prompt": ["a"]                              | prompt                   | must be a string
          GAP, "input_extra": "a"                           | input_extra              | an array of objects
          GAP, "input_extra": ["a"]                         | input_extra[0]           | must be an object
          GAP, "input_extra": [{"filename": "a"}]           | input_extra[0].text      | is missing
          GAP, "input_extra": [{"text": "a", "filename": 5}] | input_extra[0].filename | must be a string
          GAP, "input_extra": [{"text": "a", "name": "b"}]  | input_extra[0].name      | Unknown parameter
          GAP, "n_predict": -2                              | n_predict                | 0 or more, or -1
          GAP, "n_predict": 5, "max_tokens": 6               | max_tokens               | contradict
          GAP, "window": 5                                  | window                   | window is 5; it must be 16 or more.
          GAP, "samplers": ["top_q"]                        | samplers[0]              | is not a sampler
          GAP, "top_logprobs": 3                            | top_logprobs             | Unknown parameter
          GAP, "logprobs": true                             | logprobs                 | must be a whole number
          GAP, "stream": true, "stream_options": 5          | stream_options           | must be an object
          """)
  void aWrongInfillFieldIsNamed(String fields, String param, String message) {
    String body = "{" + fields.replace("GAP", "\"input_prefix\": \"a\", \"input_suffix\": \"b\"") + "}";
    assertError(server.post("/infill", body), 400, param, message);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "nonsense",
        "[]",
        "5",
        "null",
        "{",
        "{\"a\": }",
        "{} {}",
        "{} x",
        "{\"a\": 1, \"a\": 2}",
        "{\"a\": NaN}",
        "{'a': 1}",
        "{\"a\": 01}",
        "// x\n{}"
      })
  void whatIsNotOneJsonObjectIs400(String body) {
    HttpResponse<String> response = server.post(CHAT, body);
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(TestServer.error(response).path("code").asText()).isEqualTo("invalid_json");
    assertThat(TestServer.error(response).path("message").asText())
        .doesNotContainIgnoringCase("jackson", "FAIL_ON", "enable", "No content");
  }

  @Test
  void hostileNestingAndNumbersAre400() {
    assertError(server.post(CHAT, "{\"a\":" + "[".repeat(40_000)), 400, null, "more than 512 objects and arrays");
    assertError(
        server.post(CHAT, "{\"seed\": " + "9".repeat(5_000) + "}"),
        400,
        "seed",
        "seed is a number of 5000 digits; at most 1000");
    assertError(
        server.post(CHAT, "{\"x\": {\"y\": [1, 0." + "3".repeat(3_000) + "]}}"),
        400,
        "x.y[1]",
        "x.y[1] is a number of 3000 digits; at most 1000 are allowed.");
    assertError(
        server.post(CHAT, "{\"x\": {\"" + "a".repeat(60_000) + "\": 1}}"),
        400,
        null,
        "The body has a field whose name is one of 60000 characters; at most 50000 are allowed.");
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " => ",
      quoteCharacter = '~',
      textBlock =
          """
          {                  => it ends inside of an object whose closing brace is missing (line 1, column 2).
          {"messages":[      => it ends inside of an array whose closing bracket is missing (line 1, column 14).
          {"a": "x           => it ends inside of a text whose closing quote is missing (line 1, column 9).
          {"a                => it ends inside of a text whose closing quote is missing (line 1, column 4).
          {"a": 1]           => there is a ] where a } is needed (line 1, column 8).
          {"a": 1 "b": 2}    => there is '"', where JSON needs a comma or a closing brace (line 1, column 9).
          {"a": [1 2]}       => there is '2', where JSON needs a comma or a closing bracket (line 1, column 10).
          {"a" 1}            => there is '1', where JSON needs a colon after the name of a field (line 1, column 6).
          {"a": }            => there is '}', where JSON needs a value (line 1, column 7).
          {'a': 1}           => there is ''', where JSON needs the name of a field in double quotes (line 1, column 2).
          {"a": NaN}         => there is NaN, which is no value; texts stand in double quotes (line 1, column 10).
          {"a": hello}       => there is hello, which is no value; texts stand in double quotes (line 1, column 7).
          {"a": 01}          => a number begins with a zero that means nothing (line 1, column 8).
          {"a": 1.}          => there is '}', where JSON needs a digit (line 1, column 8).
          {"a": "\\q"}        => a text has a backslash in front of q; what may follow one is ", \\, /, b, f, n, r, t, or u and four hexadecimal digits (line 1, column 9).
          {"a": "\\u12x4"}    => there is 'x', where JSON needs four hexadecimal digits (line 1, column 12).
          {"a": "\t"}         => a text has the control character 9 as it is; write it with a backslash, as \\n for the end of a line (line 1, column 8).
          {} x               => there is x, which is no value; texts stand in double quotes (line 1, column 4).
          {} {}              => something follows the value.
          """)
  void whatIsWrongWithTheJsonIsSaidInWords(String body, String words) {
    assertMalformed(body, "The body is not valid JSON: " + words);
  }

  @Test
  void aFieldThatStandsTwiceIsNamed() {
    assertError(server.post(CHAT, "{\"a\": 1, \"a\": 2}"), 400, "a", "a stands twice in its object; give it once.");
    assertError(
        server.post(CHAT, "{\"x\": [0, {\"b\": 1, \"b\": 1}]}"), 400, "x[1].b", "x[1].b stands twice in its object");
  }

  @Test
  void whatIsWrongWithTheJsonIsSaidWithoutTheParsersInternals() {
    assertMalformed("{\"a\":" + "[".repeat(600), "has more than 512 objects and arrays inside of one another.");
  }

  private void assertMalformed(String body, String description) {
    HttpResponse<String> response = server.post(CHAT, body);
    assertThat(TestServer.error(response).path("message").asText()).endsWith(description);
  }

  @Test
  void invalidUtf8Is400() {
    byte[] body = HELLO.replace("Hello", "\u00ff").getBytes(StandardCharsets.ISO_8859_1);
    HttpResponse<String> response =
        server.send(server.request(CHAT).POST(HttpRequest.BodyPublishers.ofByteArray(body)).build());
    assertError(response, 400, null, "not valid UTF-8");
  }

  @Test
  void aBodyTooLargeIs413() {
    assertError(server.post(CHAT, "{\"x\": \"" + "a".repeat(200_000) + "\"}"), 413, null, "larger than");
    HttpResponse<String> chunked =
        server.send(
            server
                .request(CHAT)
                .header("Content-Type", "application/json")
                .POST(
                    HttpRequest.BodyPublishers.fromPublisher(HttpRequest.BodyPublishers.ofByteArray(new byte[200_000])))
                .build());
    assertError(chunked, 413, null, "larger than");
  }

  @Test
  void anUnknownModelIs404AndNamesTheServedOne() {
    HttpResponse<String> response = server.post(CHAT, "{\"model\": \"gpt-9\", " + MESSAGES + "}");
    assertError(response, 404, "model", "test/model");
    assertThat(TestServer.error(response).path("code").asText()).isEqualTo("model_not_found");
  }

  @Test
  void anotherMethodIs405WithAllow() {
    HttpResponse<String> response = server.get(CHAT);
    assertError(response, 405, null, "takes POST only");
    assertThat(response.headers().firstValue("Allow")).hasValue("POST");
    assertError(server.post("/health", "{}"), 405, null, "takes GET only");
  }

  @ParameterizedTest
  @ValueSource(
      strings = {"/nothing", "/v1", "/assets/", "/assets/none.js", "/v1/chat/completions/x", "/assets/%2e%2e/pom"})
  void anUnknownPathIs404(String path) {
    assertError(server.get(path), 404, null, "There is nothing at");
  }

  @Test
  void aFullQueueIs429WithRetryAfter() {
    ScriptedGenerator busy = new ScriptedGenerator();
    busy.refuse(new EngineBusyException(16, Duration.ofMillis(2_300)));
    try (TestServer other = TestServer.start(busy)) {
      for (String body : new String[] {HELLO, HELLO_STREAM}) {
        HttpResponse<String> response = other.post(CHAT, body);
        assertError(response, 429, null, "try again later");
        assertThat(response.headers().firstValue("Retry-After")).hasValue("3");
        assertThat(TestServer.error(response).path("type").asText()).isEqualTo("rate_limit_error");
        assertThat(TestServer.error(response).path("code").asText()).isEqualTo("queue_full");
      }
      busy.refuse(new EngineBusyException(16, Duration.ZERO));
      assertThat(other.post(CHAT, HELLO).headers().firstValue("Retry-After")).hasValue("1");
    }
  }

  @Test
  void aStopThatIsTooLongIsNamedByItsIndex() {
    String stops = "\"stop\": [\"\", \"a\", \"" + "x".repeat(1_025) + "\"]";
    assertError(
        server.post(CHAT, "{" + MESSAGES + ", " + stops + "}"), 400, "stop[2]", "stop[2] has 1025 chars; at most 1024");
  }

  @Test
  void theLargerPartOfAPromptThatIsTooLongIsNamed() {
    ScriptedGenerator small = new ScriptedGenerator();
    small.refuse(new PromptTooLongException(5_000, 4_096));
    try (TestServer other = TestServer.start(small)) {
      String function = "{\"name\": \"f\", \"description\": \"" + "word ".repeat(100) + "\"}";
      String tools = "\"tools\": [{\"type\": \"function\", \"function\": " + function + "}]";
      assertError(other.post(CHAT, "{" + MESSAGES + ", " + tools + "}"), 400, "tools", "Shorten the tools");
      assertError(
          other.post(CHAT, "{" + MESSAGES + ", \"functions\": [" + function + "]}"), 400, "functions", "the functions");
      String longer = MESSAGES.replace("\"x\"", "\"" + "word ".repeat(200) + "\"");
      assertError(other.post(CHAT, "{" + longer + ", " + tools + "}"), 400, "messages", "Shorten the messages");
      assertThat(other.post("/api/generate", "{\"prompt\": \"a b c\", \"system\": \"a\"}").body())
          .contains("your prompt resulted")
          .contains("Shorten the prompt");
      assertThat(other.post("/api/generate", "{\"prompt\": \"a\", \"system\": \"a b c\"}").body())
          .contains("Shorten the system");
    }
  }

  @Test
  void theEngineSaysHowManyChoicesItCanGive() {
    for (String path : new String[] {CHAT, "/v1/completions", "/completion"}) {
      String body = path.equals(CHAT) ? MESSAGES : "\"prompt\": \"a\"";
      HttpResponse<String> response = server.post(path, "{" + body + ", \"n\": 129}");
      assertThat(response.statusCode()).isEqualTo(400);
      assertThat(TestServer.error(response).path("message").asText()).isEqualTo("n is 129; it must be 1 to 128.");
    }
  }

  @Test
  void whatTheEngineRefusesKeepsItsParameter() {
    ScriptedGenerator strict = new ScriptedGenerator();
    try (LogRecords log = LogRecords.of(Registry.class);
        TestServer other = TestServer.start(strict)) {
      strict.refuse(new PromptTooLongException(5_000, 4_096));
      HttpResponse<String> tooLong = other.post(CHAT, HELLO_STREAM);
      assertError(tooLong, 400, "messages", "5000 tokens");
      assertThat(TestServer.error(tooLong).path("code").asText()).isEqualTo("context_length_exceeded");
      strict.refuse(new PromptTooLongException(5_000, 4_096, PromptTooLongException.Limit.MODEL));
      assertThat(TestServer.error(other.post(CHAT, HELLO)).path("message").asText())
          .endsWith(": the model was trained for no more tokens, so a larger --ctx-size does not help.")
          .doesNotContain("slots");
      strict.refuse(new PromptTooLongException(5_000, 4_096, PromptTooLongException.Limit.SHARE));
      assertError(other.post(CHAT, HELLO), 400, "messages", "or with fewer slots to share it.");
      strict.refuse(new ChatTemplateException("It refused the messages.", null));
      assertError(other.post(CHAT, HELLO), 400, "messages", "refused the messages");
      strict.refuse(ChatTemplateException.unusable("The model can't be used for chat.", null));
      HttpResponse<String> noChat = other.post(CHAT, HELLO);
      assertError(noChat, 400, null, "can't be used for chat");
      assertThat(TestServer.error(noChat).path("code").asText()).isEqualTo("chat_not_supported");
      strict.refuse(
          new GenerationException(
              GenerationException.Reason.NO_TOKEN_LEFT,
              "No token can come next: the sampler 'logit-bias' left no token to choose from.",
              null));
      assertError(other.post(CHAT, HELLO), 400, null, "next: logit_bias or banned_tokens left no token");
      strict.refuse(new InvalidRequestException("sampling.grammar", name("sampling.grammar") + " does not compile."));
      assertError(other.post(CHAT, HELLO), 400, "grammar", "does not compile");
      strict.refuse(
          new InvalidRequestException(
              "overflow.keep", name("overflow.keep") + " is 5000; the context allows 0 to 4094."));
      assertError(other.post(CHAT, HELLO), 400, "n_keep", "n_keep is 5000; the context allows");
      strict.refuse(
          new InvalidRequestException("timeLimit", name("timeLimit") + " is PT0S; it must be larger than 0."));
      assertError(other.post(CHAT, HELLO), 400, "time_limit_ms", "time_limit_ms is PT0S");
      strict.refuse(new EngineClosedException());
      assertError(other.post(CHAT, HELLO), 503, null, "closed");
      strict.refuse(new EngineFailedException(new OutOfMemoryError("secret detail")));
      assertError(other.post(CHAT, HELLO), 500, null, "has failed; the server's log says why");
      assertThat(log.errors()).hasSize(1);
    }
  }

  @Test
  void aFaultOfOursTellsNothingButThatItHappened() {
    ScriptedGenerator broken = new ScriptedGenerator();
    broken.refuse(new UnsupportedOperationException("secret detail"));
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer other = TestServer.start(broken)) {
      HttpResponse<String> response = other.post(CHAT, HELLO);
      assertError(response, 500, null, "its log says more");
      assertThat(response.body()).doesNotContain("secret");
      assertThat(log.errors()).hasSize(1);
    }
  }

  private static void assertError(HttpResponse<String> response, int status, @Nullable String param, String message) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
    JsonNode error = TestServer.error(response);
    assertThat(error.path("message").asText()).contains(message);
    assertThat(error.path("type").asText()).isNotEmpty();
    assertThat(error.has("code")).isTrue();
    assertThat(error.path("param").textValue()).isEqualTo(param);
  }
}
