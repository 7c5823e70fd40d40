package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.server.ScriptedGenerator;
import io.panallama.server.TestServer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

@Timeout(60)
class BenchServeCommandTest {
  @TempDir Path folder;

  private static CliRun run(String... arguments) {
    return CliRun.of(
        new FakeInference(), Stream.concat(Stream.of("bench", "serve"), Stream.of(arguments)).toArray(String[]::new));
  }

  @Test
  void aTableForPeopleAndFilesForPrograms() throws Exception {
    Path json = folder.resolve("result.json");
    // Longer than the new contents, so that a remainder would show.
    Path raw = Files.writeString(folder.resolve("requests.jsonl"), "older\n".repeat(10_000));
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("one ", "two ", "three ", "four"))) {
      CliRun run =
          run(
              "--url",
              server.server().uri().toString(),
              "--concurrency",
              "1,2",
              "--measure",
              "3",
              "--warmup",
              "1",
              "--answer-tokens",
              "5",
              "--slo",
              "ttft=1m",
              "--seed",
              "7",
              "--json",
              json.toString(),
              "--raw",
              raw.toString());

      assertThat(run.err()).isEmpty();
      assertThat(run.code()).isZero();
      assertThat(run.out())
          .startsWith("chat: " + server.uri("/v1/chat/completions"))
          .contains("seed 7", "TTFT p50", "1 client ", "2 clients ", "100 %", "coordinated omission");
    }
    JsonNode result = new ObjectMapper().readTree(json.toFile());
    assertThat(result.at("/rows/1/ok").intValue()).isEqualTo(3);
    assertThat(result.at("/rows/1/events").intValue()).isEqualTo(12);
    assertThat(result.at("/rows/1/answer_tokens").intValue()).isEqualTo(15);
    // Three measured requests in each row, and a warm-up request of every client.
    assertThat(Files.readAllLines(raw)).hasSize(9);
  }

  @Test
  void anAddressWithoutASchemeIsHttp() {
    try (TestServer server = TestServer.start(ScriptedGenerator.answering("a"))) {
      String address = server.server().uri().getAuthority();

      CliRun run = run("--url", address, "--measure", "1", "--warmup", "0", "--answer-tokens", "1");

      assertThat(run.err()).isEmpty();
      assertThat(run.code()).isZero();
      assertThat(run.out()).startsWith("chat: http://" + address + "/v1/chat/completions");
    }
  }

  @Test
  void aServerThatOnlyFailsIsAFailure() {
    ScriptedGenerator generator = ScriptedGenerator.answering("a");
    try (TestServer server = TestServer.start(generator)) {
      CliRun run =
          run(
              "--url",
              server.server().uri().toString(),
              "--measure",
              "1",
              "--warmup",
              "0",
              "--timeout",
              "5m",
              "--body",
              "{\"max_tokens\": 5, \"n\": 1}");
      assertThat(run.code()).isZero();

      assertThat(run("--url", server.server().uri() + "nowhere").err())
          .startsWith("panallama: POST " + server.server().uri() + "nowhere/v1/chat/completions: status 404")
          .hasLineCount(1);
    }
  }

  static Stream<Arguments> mistakes() {
    return Stream.of(
        Arguments.of("--scenario=tea", "--scenario is \"tea\"; it must be one of chat, shared-prefix, agent"),
        Arguments.of("--api=soap", "--api is \"soap\"; it must be one of chat, completions."),
        Arguments.of("--arrivals=late", "poisson, constant"),
        Arguments.of("--measure=long", "--measure: \"long\" is no length of time"),
        Arguments.of("--slo=ttft", "\"ttft\" is not of the form ttft=500ms"),
        Arguments.of("--concurrency=0", "concurrency must be 1 or more"),
        Arguments.of("--concurrency=x", "--concurrency"),
        Arguments.of("--spread=2", "the spread is 2.0; it must be 0 to less than 1."),
        Arguments.of("--drop-share=7", "drop-share must be 0 to 1"),
        Arguments.of("--tokens-per-word=0", "a word has 0.0 tokens"),
        Arguments.of("--body=[]", "--body: not a JSON object"),
        Arguments.of("--timeout=never", "--timeout: \"never\""),
        Arguments.of("--header=Host=x", "--header: restricted header name: \"Host\"."),
        Arguments.of("--header=A b=x", "--header: invalid header name"),
        Arguments.of("--api-key=a\nb", "--api-key: holds a character"),
        Arguments.of("--json=missing/result.json", "--json: missing/result.json can't be written"),
        Arguments.of("--raw=missing/all.jsonl", "--raw: missing/all.jsonl can't be written"),
        Arguments.of("--url=ftp://localhost:8080", "--url: \"ftp://localhost:8080\" is not the address of a server"),
        Arguments.of("--url=http://a b", "--url: "));
  }

  @ParameterizedTest
  @MethodSource("mistakes")
  void aMistakeIsOneLineThatNamesIt(String option, String message) {
    CliRun run = option.startsWith("--url") ? run(option) : run("--url=http://127.0.0.1:1", option);

    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).startsWith("panallama: ").contains(message).hasLineCount(1);
    assertThat(run.out()).isEmpty();
  }

  @Test
  void aLoadThatFailsLeavesAnOlderResult() throws Exception {
    Path json = Files.writeString(folder.resolve("result.json"), "older");

    assertThat(run("--url=http://127.0.0.1:1", "--json=" + json).code()).isEqualTo(ExitCode.USAGE);
    assertThat(json).hasContent("older");
  }

  @Test
  void aServerThatIsNotThereIsNamed() {
    CliRun run = run("--url=http://127.0.0.1:1");
    assertThat(run.code()).isEqualTo(ExitCode.USAGE);
    assertThat(run.err()).isEqualTo("panallama: Cannot connect to http://127.0.0.1:1/v1/models: connection refused.\n");
  }
}
