package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.data;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.server.http.ErrorBoundary;
import java.net.Socket;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Requests with {@code n} above 1. */
@Timeout(60)
class SeveralChoicesTest {
  private static final String TWO =
      """
      {"messages": [{"role": "user", "content": "Hello"}], "n": 2, "seed": 40%s}\
      """;

  private static String two(String fields) {
    return TWO.formatted(fields);
  }

  /** The second choice finds the prefix of the first one in the cache. */
  private static void end(ScriptedGenerator.Script script, FinishReason reason) {
    boolean first = script.id() == 1;
    script.finish(
        reason,
        new Usage(12, first ? 4 : 11, first ? 5 : 7, 0),
        new Timings(Duration.ofMillis(1), Duration.ofMillis(first ? 20 : 30), Duration.ofMillis(first ? 40 : 50)));
  }

  private static ScriptedGenerator answering() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.say(script.id() == 1 ? "Hel" : "Good ");
          script.say(script.id() == 1 ? "lo" : "day");
          end(script, script.id() == 1 ? FinishReason.STOP : FinishReason.LENGTH);
        });
  }

  @Test
  void wholeAnswersHaveAllChoices() throws Exception {
    ScriptedGenerator generator = answering();
    try (TestServer server = TestServer.start(generator)) {
      JsonNode answer = json(server.post(CHAT, two("")).body());
      assertThat(answer.path("choices")).hasSize(2);
      assertThat(answer.at("/choices/0/index").asInt()).isZero();
      assertThat(answer.at("/choices/0/message/content").asText()).isEqualTo("Hello");
      assertThat(answer.at("/choices/0/finish_reason").asText()).isEqualTo("stop");
      assertThat(answer.at("/choices/1/index").asInt()).isEqualTo(1);
      assertThat(answer.at("/choices/1/message/content").asText()).isEqualTo("Good day");
      assertThat(answer.at("/choices/1/finish_reason").asText()).isEqualTo("length");
      assertThat(answer.at("/choices/1/finish_detail").asText()).isEqualTo("max_tokens");
      assertThat(answer.path("usage").toString())
          .isEqualTo(
              "{\"prompt_tokens\":12,\"completion_tokens\":12,\"total_tokens\":24,"
                  + "\"prompt_tokens_details\":{\"cached_tokens\":4}}");
      assertThat(answer.at("/timings/cache_n").asInt()).isEqualTo(4);
      assertThat(answer.at("/timings/prompt_n").asInt()).isEqualTo(8);
      assertThat(answer.at("/timings/prompt_ms").asDouble()).isEqualTo(30);
      assertThat(answer.at("/timings/predicted_per_second").asDouble()).isEqualTo((4 + 6) / 0.05);
      for (long seed : new long[] {40, 41}) {
        assertThat(generator.next().request().options().sampling().seed()).isEqualTo(seed);
      }
    }
  }

  @Test
  void completionsHaveThemToo() {
    try (TestServer server = TestServer.start(answering())) {
      JsonNode answer = json(server.post("/v1/completions", "{\"prompt\": \"a\", \"n\": 2, \"best_of\": 2}").body());
      assertThat(answer.at("/choices/0/text").asText()).isEqualTo("Hello");
      assertThat(answer.at("/choices/1/text").asText()).isEqualTo("Good day");
    }
  }

  @Test
  void streamsAreInterleavedAsTheTokensCome() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      String body = two(", \"stream\": true, \"stream_options\": {\"include_usage\": true}");
      HttpResponse<Stream<String>> response = server.stream(CHAT, body);
      Iterator<String> lines = response.body().filter(line -> line.startsWith("data: ")).iterator();
      ScriptedGenerator.Script first = generator.next();
      ScriptedGenerator.Script second = generator.next();
      for (int choice = 0; choice < 2; choice++) {
        JsonNode opening = choice(lines.next(), choice);
        assertThat(opening.path("delta").toString()).isEqualTo("{\"role\":\"assistant\",\"content\":null}");
      }
      second.say("one");
      assertThat(choice(lines.next(), 1).at("/delta/content").asText()).isEqualTo("one");
      first.say("two");
      assertThat(choice(lines.next(), 0).at("/delta/content").asText()).isEqualTo("two");
      second.say("three");
      assertThat(choice(lines.next(), 1).at("/delta/content").asText()).isEqualTo("three");
      end(second, FinishReason.LENGTH);
      JsonNode end = json(lines.next().substring(6));
      assertThat(end.at("/choices/0/index").asInt()).isEqualTo(1);
      assertThat(end.at("/choices/0/finish_reason").asText()).isEqualTo("length");
      assertThat(end.at("/timings/predicted_n").asInt()).isEqualTo(7);
      first.say("four");
      assertThat(choice(lines.next(), 0).at("/delta/content").asText()).isEqualTo("four");
      end(first, FinishReason.STOP);
      assertThat(choice(lines.next(), 0).path("finish_reason").asText()).isEqualTo("stop");
      JsonNode usage = json(lines.next().substring(6));
      assertThat(usage.path("choices")).isEmpty();
      assertThat(usage.at("/usage/total_tokens").asInt()).isEqualTo(24);
      assertThat(lines.next()).isEqualTo("data: [DONE]");
      assertThat(lines.hasNext()).isFalse();
    }
  }

  private static JsonNode choice(String line, int index) {
    JsonNode choice = json(line.substring(6)).at("/choices/0");
    assertThat(choice.path("index").asInt()).isEqualTo(index);
    return choice;
  }

  @ParameterizedTest
  @ValueSource(strings = {"false", "true"})
  void aClientThatLeavesCancelsAll(String stream) throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      ScriptedGenerator.Script first;
      ScriptedGenerator.Script second;
      try (Socket socket = server.socket(TestServer.rawPost(CHAT, two(", \"stream\": " + stream)))) {
        first = generator.next();
        second = generator.next();
        second.say("one");
        assertThat(socket.isConnected()).isTrue();
      }
      assertThat(first.awaitCancel()).isTrue();
      assertThat(second.awaitCancel()).isTrue();
      assertThat(first.awaitClose()).isTrue();
      assertThat(second.awaitClose()).isTrue();
    }
  }

  private static ScriptedGenerator failingSecond() {
    return new ScriptedGenerator()
        .playing(script -> {
          script.say("text");
          if (script.id() == 2) {
            script.fail(
                new GenerationException(GenerationException.Reason.DECODE_FAILED, "Choice two is broken.", null));
          }
        });
  }

  @Test
  void aChoiceThatFailsFailsTheAnswer() throws Exception {
    ScriptedGenerator generator = failingSecond();
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, two(""));
      assertThat(response.statusCode()).isEqualTo(500);
      assertThat(TestServer.error(response).path("message").asText()).isEqualTo("Choice two is broken.");
      assertThat(generator.next().awaitCancel()).isTrue();
      assertThat(log.errors()).hasSize(1);
    }
  }

  @Test
  void aChoiceThatFailsEndsTheStreamWithAnError() throws Exception {
    ScriptedGenerator generator = failingSecond();
    try (LogRecords log = LogRecords.of(ErrorBoundary.class);
        TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, two(", \"stream\": true"));
      assertThat(response.body()).contains("event: error\ndata: {\"error\":{\"message\":\"Choice two is broken.\"");
      assertThat(data(response.body())).doesNotContain("[DONE]");
      assertThat(generator.next().awaitCancel()).isTrue();
      assertThat(log.errors()).hasSize(1);
    }
  }

  @Test
  void aRefusalIsTheWholeAnswer() {
    ScriptedGenerator generator = new ScriptedGenerator();
    generator.refuse(new EngineBusyException(2, 3, Duration.ofSeconds(2)));
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<String> response = server.post(CHAT, two(", \"stream\": true"));
      assertThat(response.statusCode()).isEqualTo(429);
      assertThat(response.headers().firstValue("Retry-After")).hasValue("2");
    }
  }

  @Test
  void heartbeatsComeWhileAllWait() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    ServerConfig config = TestServer.config().toBuilder().heartbeatInterval(Duration.ofMillis(20)).build();
    try (TestServer server = TestServer.start(config, generator)) {
      Iterator<String> lines = server.stream(CHAT, two(", \"stream\": true")).body().iterator();
      String comment = Stream.generate(lines::next).filter(line -> line.startsWith(": ")).findFirst().orElseThrow();
      assertThat(comment).isEqualTo(": waiting");
      for (ScriptedGenerator.Script script : List.of(generator.next(), generator.next())) {
        script.finish(FinishReason.STOP);
      }
      assertThat(Stream.generate(lines::next).anyMatch(line -> line.equals("data: [DONE]"))).isTrue();
    }
  }

  @Test
  void aShutdownEndsAll() throws Exception {
    ScriptedGenerator generator = new ScriptedGenerator();
    try (TestServer server = TestServer.start(generator)) {
      HttpResponse<Stream<String>> response = server.stream(CHAT, two(", \"stream\": true"));
      ScriptedGenerator.Script first = generator.next();
      ScriptedGenerator.Script second = generator.next();
      server.server().close();
      assertThat(first.awaitCancel()).isTrue();
      assertThat(second.awaitCancel()).isTrue();
      assertThat(response.body().anyMatch(line -> line.contains("shutting down"))).isTrue();
    }
  }
}
