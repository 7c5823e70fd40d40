package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import java.net.http.HttpResponse;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The server's limit of the time of a request. */
@Timeout(60)
class RequestTimeTest {
  private static final String LIMITED = HELLO.replaceFirst("\\{", "{\"time_limit_ms\": %d, ");

  private final ScriptedGenerator generator = new ScriptedGenerator();

  private TestServer start() {
    return TestServer.start(TestServer.config().toBuilder().maxRequestTime(Duration.ofSeconds(10)).build(), generator);
  }

  @Test
  void theShorterLimitIsTheRequests() throws Exception {
    generator.playing(script -> script.finish(FinishReason.STOP));
    try (TestServer server = start()) {
      server.post(CHAT, HELLO);
      assertThat(generator.next().request().options().timeLimit()).hasValue(Duration.ofSeconds(10));
      server.post(CHAT, LIMITED.formatted(20_000));
      assertThat(generator.next().request().options().timeLimit()).hasValue(Duration.ofSeconds(10));
      server.post(CHAT, LIMITED.formatted(500));
      assertThat(generator.next().request().options().timeLimit()).hasValue(Duration.ofMillis(500));
    }
  }

  @Test
  void withoutALimitRequestsHaveTheirOwn() throws Exception {
    generator.playing(script -> script.finish(FinishReason.STOP));
    try (TestServer server = TestServer.start(generator)) {
      server.post(CHAT, HELLO);
      assertThat(generator.next().request().options().timeLimit()).isEmpty();
    }
  }

  @Test
  void whatThereIsByThenIsTheAnswer() {
    generator.playing(script -> {
      script.say("Once");
      script.finish(FinishReason.TIME_LIMIT);
    });
    try (TestServer server = start()) {
      HttpResponse<String> response = server.post(CHAT, HELLO);
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(json(response.body()).at("/choices/0/finish_reason").asText()).isEqualTo("length");
      assertThat(json(response.body()).at("/choices/0/finish_detail").asText()).isEqualTo("time_limit");
    }
  }

  private static void endEmpty(ScriptedGenerator.Script script) {
    script.finish(
        FinishReason.TIME_LIMIT,
        new Usage(3, 0, 0, 0),
        new Timings(Duration.ofSeconds(10), Duration.ZERO, Duration.ZERO));
  }

  @ParameterizedTest
  @CsvSource({"/v1/chat/completions, server_error", "/v1/messages, timeout_error"})
  void aRequestWhoseAnswerHasNotBegunFails(String path, String type) {
    generator.playing(RequestTimeTest::endEmpty);
    try (TestServer server = start()) {
      HttpResponse<String> response = server.post(path, HELLO.replaceFirst("\\{", "{\"max_tokens\": 5, "));
      assertThat(response.statusCode()).isEqualTo(504);
      assertThat(json(response.body()).at("/error/type").asText()).isEqualTo(type);
      assertThat(response.body()).contains("The time that this server allows for a request was over");
      String stream = server.post(CHAT, HELLO_STREAM).body();
      assertThat(stream).contains("\"code\":\"request_time_limit\"").doesNotContain("[DONE]");
    }
  }

  @Test
  void aRequestsOwnLimitGivesAnEmptyAnswer() {
    generator.playing(RequestTimeTest::endEmpty);
    try (TestServer server = start()) {
      HttpResponse<String> response = server.post(CHAT, LIMITED.formatted(1));
      assertThat(response.statusCode()).isEqualTo(200);
      assertThat(json(response.body()).at("/choices/0/finish_detail").asText()).isEqualTo("time_limit");
    }
  }
}
