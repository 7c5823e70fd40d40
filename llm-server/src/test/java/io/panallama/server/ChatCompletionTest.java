package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.chat.ChatMessage;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.Prompt;
import io.panallama.sampling.Sampler;
import io.panallama.server.http.ErrorBoundary;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChatCompletionTest {
  @Test
  void thePromptIsShownIfAsked() {
    String body = HELLO.replace("}]}", "}], \"verbose\": %s, \"stream\": %s}");
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("hi"));
        TestServer always =
            TestServer.start(
                TestServer.config().toBuilder().verbose(true).build(), ScriptedGenerator.answering("hi"))) {
      JsonNode shown = json(server.post(CHAT, body.formatted(true, false)).body()).path("__verbose");
      assertThat(shown.path("prompt").asText()).isEqualTo("<Hello>");
      assertThat(shown.path("content").asText()).isEqualTo("hi");
      assertThat(json(server.post(CHAT, body.formatted(false, false)).body()).has("__verbose")).isFalse();
      assertThat(server.post(CHAT, body.formatted(true, true)).body()).containsOnlyOnce("\"prompt\":\"<Hello>\"");
      assertThat(json(always.post(CHAT, HELLO).body()).at("/__verbose/prompt").asText()).isEqualTo("<Hello>");
    }
  }

  @Test
  void answersInOpenAisShape() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("Hel", "lo \"you\"\n", "🦙");
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, HELLO);

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("application/json");
      JsonNode answer = json(response.body());
      assertThat(answer.path("id").asText()).startsWith("chatcmpl-");
      assertThat(answer.path("object").asText()).isEqualTo("chat.completion");
      assertThat(answer.path("model").asText()).isEqualTo("test/model");
      assertThat(answer.path("created").asLong()).isPositive();
      JsonNode choice = answer.path("choices").path(0);
      assertThat(choice.path("message").path("role").asText()).isEqualTo("assistant");
      assertThat(choice.path("message").path("content").asText()).isEqualTo("Hello \"you\"\n🦙");
      assertThat(choice.path("finish_reason").asText()).isEqualTo("stop");
      assertThat(answer.path("usage").toString())
          .isEqualTo(
              "{\"prompt_tokens\":12,\"completion_tokens\":5,\"total_tokens\":17,"
                  + "\"prompt_tokens_details\":{\"cached_tokens\":4}}");
      assertThat(answer.path("timings").path("predicted_per_second").asDouble()).isEqualTo(100);
      assertThat(generator.next().request())
          .isInstanceOfSatisfying(
              ChatRequest.class, chat -> assertThat(chat.messages()).containsExactly(ChatMessage.user("Hello")));
    }
  }

  @Test
  void streamsInOpenAisShape() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("Hel", "lo\n\"🦙\""))) {
      HttpResponse<String> response = server.post(CHAT, HELLO_STREAM);

      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(response.headers().firstValue("Content-Type")).hasValue("text/event-stream");
      assertThat(response.headers().firstValue("Cache-Control")).hasValue("no-cache");
      assertThat(response.headers().firstValue("X-Accel-Buffering")).hasValue("no");
      List<String> events = data(response.body());
      assertThat(events).hasSize(5).last().isEqualTo("[DONE]");
      List<JsonNode> chunks = events.subList(0, 4).stream().map(TestServer::json).toList();
      assertThat(chunks)
          .allSatisfy(chunk -> assertThat(chunk.path("object").asText()).isEqualTo("chat.completion.chunk"));
      assertThat(chunks.stream().map(chunk -> chunk.path("id").asText()).distinct()).hasSize(1);
      assertThat(chunks.get(0).path("choices").path(0).path("delta").toString())
          .isEqualTo("{\"role\":\"assistant\",\"content\":null}");
      assertThat(text(chunks)).isEqualTo("Hello\n\"🦙\"");
      assertThat(chunks.get(2).path("choices").path(0).path("finish_reason").isNull()).isTrue();
      assertThat(chunks.get(3).path("choices").path(0).path("delta").toString()).isEqualTo("{}");
      assertThat(chunks.get(3).path("choices").path(0).path("finish_reason").asText()).isEqualTo("stop");
      assertThat(chunks.get(3).path("timings").path("predicted_n").asInt()).isEqualTo(5);
      assertThat(chunks).noneMatch(chunk -> chunk.has("usage"));
    }
  }

  @Test
  void includeUsageAddsAChunkWithoutChoices() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("Hi"))) {
      String body = HELLO_STREAM.replace("}],", "}], \"stream_options\": {\"include_usage\": true},");
      List<String> events = data(server.post(CHAT, body).body());

      JsonNode usage = json(events.get(events.size() - 2));
      assertThat(usage.path("choices").isEmpty()).isTrue();
      assertThat(usage.path("usage").path("total_tokens").asInt()).isEqualTo(17);
      assertThat(json(events.get(1)).path("usage").isNull()).isTrue();
      assertThat(events.getLast()).isEqualTo("[DONE]");
    }
  }

  @Test
  void everyEventArrivesBeforeTheNextTokenExists() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<Stream<String>> response = server.stream(CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();
      Iterator<String> lines = response.body().iterator();

      assertThat(lines.next()).contains("\"role\":\"assistant\"");
      lines.next();
      for (String token : List.of("one", "two", "three")) {
        script.say(token);
        assertThat(lines.next()).contains("\"content\":\"" + token + "\"");
        lines.next();
      }
      script.finish(FinishReason.LENGTH);
      assertThat(lines.next()).contains("\"finish_reason\":\"length\"");
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"application/json", "text/event-stream", "*/*", "text/html", "image/png"})
  void streamsWhateverTheClientAccepts(String accept) {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("Hi"))) {
      HttpRequest request =
          server
              .request(CHAT)
              .header("Accept", accept)
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(HELLO_STREAM))
              .build();
      assertThat(data(server.send(request).body())).last().isEqualTo("[DONE]");
    }
  }

  @Test
  void sendsHeartbeatsWhileItWaits() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().heartbeatInterval(Duration.ofMillis(20)).build();
    try (TestServer server = TestServer.start(config, generator)) {
      Iterator<String> lines = server.stream(CHAT, HELLO_STREAM).body().iterator();
      ScriptedGenerator.Script script = generator.next();
      lines.next();
      lines.next();
      assertThat(lines.next()).startsWith(": ");
      assertThat(lines.next()).isEmpty();
      assertThat(lines.next()).startsWith(": ");
      script.say("at last");
      script.finish(FinishReason.STOP);
      String rest =
          Stream.generate(lines::next)
              .takeWhile(line -> !line.equals("data: [DONE]"))
              .collect(Collectors.joining("\n"));
      assertThat(rest).contains("at last");
    }
  }

  @Test
  void aFailureMidStreamIsAnErrorEventWithoutDone() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.fail(
                  new GenerationException(GenerationException.Reason.DECODE_FAILED, "llama_decode failed", null));
            });
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      String body = server.post(CHAT, HELLO_STREAM).body();

      assertThat(body).contains("so far").contains("event: error\ndata: ").doesNotContain("[DONE]");
      JsonNode error = json(data(body).getLast()).path("error");
      assertThat(error.path("message").asText()).isEqualTo("llama_decode failed");
      assertThat(error.path("code").asText()).isEqualTo("generation_failed");
      assertThat(log.errors()).hasSize(1);
    }
  }

  @Test
  void aFailureBeforeTheAnswerIs500() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script ->
                script.fail(
                    new GenerationException(GenerationException.Reason.DECODE_FAILED, "llama_decode failed", null)));
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, HELLO);
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(TestServer.error(response).path("message").asText()).isEqualTo("llama_decode failed");
      assertThat(log.errors()).hasSize(1);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "STOP, stop,",
    "STOP_TEXT, stop,",
    "LENGTH, length, max_tokens",
    "CONTEXT_FULL, length, context_full",
    "TIME_LIMIT, length, time_limit"
  })
  void theEndSaysWhichLimitWasReached(FinishReason reason, String finishReason, @Nullable String detail) {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script -> {
              script.say("so far");
              script.finish(reason);
            });
    try (TestServer server = TestServer.start(generator)) {
      List<String> events = data(server.post(CHAT, HELLO_STREAM).body());
      JsonNode streamed = json(events.get(events.size() - 2)).path("choices").path(0);
      JsonNode whole = json(server.post(CHAT, HELLO).body()).path("choices").path(0);

      for (JsonNode choice : List.of(streamed, whole)) {
        assertThat(choice.path("finish_reason").textValue()).isEqualTo(finishReason);
        assertThat(choice.path("finish_detail").textValue()).isEqualTo(detail);
        assertThat(choice.has("finish_detail")).isEqualTo(detail != null);
      }
      assertThat(json(events.get(1)).path("choices").path(0).has("finish_detail")).isFalse();
    }
  }

  @Test
  void aRequestWhoseTimeEndsInTheQueueHasAnEmptyAnswer() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script ->
                script.finish(
                    FinishReason.TIME_LIMIT,
                    new Usage(12, 0, 0, 0),
                    new Timings(Duration.ofMillis(50), Duration.ZERO, Duration.ZERO)));
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, HELLO);

      assertThat(response.statusCode()).isEqualTo(200);
      JsonNode answer = json(response.body());
      assertThat(answer.at("/choices/0/message/content").textValue()).isEmpty();
      assertThat(answer.at("/choices/0/finish_reason").textValue()).isEqualTo("length");
      assertThat(answer.at("/choices/0/finish_detail").textValue()).isEqualTo("time_limit");
      assertThat(answer.at("/usage/prompt_tokens").intValue()).isEqualTo(12);
      assertThat(answer.at("/timings/queued_ms").doubleValue()).isEqualTo(50);
      assertThat(answer.at("/timings/prompt_n").intValue()).isZero();
      assertThat(data(server.post(CHAT, HELLO_STREAM).body())).hasSize(3).last().isEqualTo("[DONE]");
    }
  }

  @Test
  void usageCountsWhatAShiftDiscarded() {
    ScriptedGenerator generator =
        new ScriptedGenerator()
            .playing(script ->
                script.finish(
                    FinishReason.STOP,
                    new Usage(12, 0, 5, 3),
                    new Timings(Duration.ZERO, Duration.ofMillis(1), Duration.ofMillis(1))));
    try (TestServer server = TestServer.start(generator)) {
      assertThat(json(server.post(CHAT, HELLO).body()).at("/usage/discarded_tokens").intValue()).isEqualTo(3);
    }
  }

  @Test
  void completionsHaveTheirOwnShape() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("one", " two");
    try (TestServer server = TestServer.start(generator)) {
      JsonNode whole = json(server.post("/v1/completions", "{\"prompt\": \"count\", \"max_tokens\": 7}").body());
      assertThat(whole.path("object").asText()).isEqualTo("text_completion");
      assertThat(whole.path("choices").path(0).path("text").asText()).isEqualTo("one two");
      CompletionRequest request = (CompletionRequest) generator.next().request();
      assertThat(request.prompt()).isEqualTo(new Prompt.Text("count", true));
      assertThat(request.options().maxTokens()).isEqualTo(7);

      List<String> events = data(server.post("/v1/completions", "{\"prompt\": [1, 2], \"stream\": true}").body());
      assertThat(json(events.getFirst()).path("choices").path(0).path("text").asText()).isEqualTo("one");
      assertThat(events.getLast()).isEqualTo("[DONE]");
      assertThat(((CompletionRequest) generator.next().request()).prompt()).isEqualTo(new Prompt.Tokens(1, 2));
    }
  }

  @Test
  void passesEveryParameterOn() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      String body =
          """
          {"model": "default", "messages": [
             {"role": "developer", "content": "Be brief."},
             {"role": "user", "content": [{"type": "text", "text": "a"}, {"type": "text", "text": "b"}]},
             {"role": "assistant", "content": "c", "refusal": null, "tool_calls": []},
             {"role": "user", "content": "d"}],
           "temperature": 0.5, "top_p": 0.9, "top_k": 7, "min_p": 0.1, "typical_p": 0.8, "repeat_penalty": 1.1,
           "repeat_last_n": 32, "frequency_penalty": 0.2, "presence_penalty": 0.3, "logit_bias": {"5": -100},
           "seed": 42, "max_completion_tokens": 9, "stop": ["x", "y"], "n": 1, "user": "me", "store": false,
           "tools": [], "tool_choice": "none", "response_format": {"type": "text"}, "logprobs": false,
           "grammar": "root ::= \\"ok\\"", "parallel_tool_calls": true, "metadata": {"a": "b"}}
          """;
      assertThat(server.post(CHAT, body).statusCode()).isEqualTo(200);
      ChatRequest request = (ChatRequest) generator.next().request();
      assertThat(request.messages())
          .containsExactly(
              ChatMessage.system("Be brief."),
              ChatMessage.user("a\nb"),
              ChatMessage.assistant("c"),
              ChatMessage.user("d"));
      assertThat(request.options().maxTokens()).isEqualTo(9);
      assertThat(request.options().stops()).containsExactly("x", "y");
      assertThat(request.options().sampling().seed()).isEqualTo(42);
      assertThat(request.options().sampling().chain())
          .contains(
              new Sampler.Grammar("root ::= \"ok\"", "root"),
              new Sampler.Penalties(32, 1.1f, 0.2f, 0.3f),
              new Sampler.TopK(7),
              new Sampler.TopP(0.9f, 1),
              new Sampler.MinP(0.1f, 1),
              new Sampler.Typical(0.8f, 1),
              new Sampler.Temperature(0.5f));
    }
  }

  @Test
  void passesPrecedenceTimeAndOverflowOn() throws Exception {
    ScriptedGenerator generator = ScriptedGenerator.answering("ok");
    try (TestServer server = TestServer.start(generator)) {
      server.post(CHAT, HELLO);
      assertThat(generator.next().request().options())
          .returns(GenerationOptions.DEFAULT_PRIORITY, GenerationOptions::priority)
          .returns(Optional.empty(), GenerationOptions::timeLimit)
          .returns(new ContextOverflow.Reject(), GenerationOptions::overflow);

      server.post(
          CHAT, HELLO.replace("]}", "], \"priority\": 9, \"time_limit_ms\": 1500, \"context_overflow\": \"shift\"}"));
      assertThat(generator.next().request().options())
          .returns(9, GenerationOptions::priority)
          .returns(Optional.of(Duration.ofMillis(1500)), GenerationOptions::timeLimit)
          .returns(new ContextOverflow.Shift(0), GenerationOptions::overflow);

      String longest =
          "{\"prompt\": \"x\", \"context_overflow\": \"shift\", \"n_keep\": 7, \"time_limit_ms\": "
              + Long.MAX_VALUE
              + "}";
      server.post("/v1/completions", longest);
      assertThat(generator.next().request().options())
          .returns(Optional.of(Duration.ofMillis(Long.MAX_VALUE)), GenerationOptions::timeLimit)
          .returns(new ContextOverflow.Shift(7), GenerationOptions::overflow);

      server.post("/v1/completions", "{\"prompt\": \"x\", \"context_overflow\": \"stop\", \"n_keep\": null}");
      assertThat(generator.next().request().options().overflow()).isEqualTo(new ContextOverflow.Stop());
    }
  }

  private static String text(List<JsonNode> chunks) {
    return chunks.stream()
        .map(chunk -> chunk.path("choices").path(0).path("delta").path("content").asText(""))
        .collect(Collectors.joining());
  }
}
