package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.panallama.observe.EngineStats;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Metrics and alert rules as Prometheus' own promtool reads them. Skipped where promtool is not on the path ({@code apt install
 * prometheus}).
 */
@Tag("integration")
class PromtoolTest {
  /** The status of "check metrics" for a text that it can read, but whose names it advises against, such as those with a colon. */
  private static final int ADVICE = 3;

  private static final Path FILES = Path.of("../deploy/observability");

  @TempDir private Path folder;

  @Test
  void theRulesDoWhatTheirTestsSay() throws Exception {
    assertThat(promtool(Path.of("/dev/null"), "check", "rules", "alert-rules.yml")).isZero();
    assertThat(promtool(Path.of("/dev/null"), "check", "config", "prometheus.yml")).isZero();
    assertThat(promtool(Path.of("/dev/null"), "test", "rules", "alert-rules-test.yml")).isZero();
  }

  @Test
  void theMetricsCanBeRead() throws Exception {
    ServerConfig config = TestServer.config().toBuilder().endpoints(Set.of(Endpoint.METRICS)).build();
    EngineStats stats = new EngineStats(1, 2, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0).withDetail(MetricsTest.DETAIL);
    try (TestServer server =
        TestServer.around(
            ChatServer.start(config, TestServer.model(), ScriptedGenerator.answering("a"), () -> stats))) {
      server.post(TestServer.CHAT, TestServer.HELLO);
      Path metrics = Files.writeString(folder.resolve("metrics"), server.get("/metrics").body());
      assertThat(promtool(metrics, "check", "metrics")).isIn(0, ADVICE);
      Path broken = Files.writeString(folder.resolve("broken"), "a{b} 1\n");
      assertThat(promtool(broken, "check", "metrics")).isNotIn(0, ADVICE);
    }
  }

  private int promtool(Path input, String... arguments) throws IOException, InterruptedException {
    Path program =
        Stream.of(System.getenv().getOrDefault("PATH", "").split(":"))
            .map(place -> Path.of(place, "promtool"))
            .filter(Files::isExecutable)
            .findFirst()
            .orElse(null);
    assumeTrue(program != null, "promtool is not installed; apt install prometheus");
    List<String> command = Stream.concat(Stream.of(program.toString()), Stream.of(arguments)).toList();
    Process process =
        new ProcessBuilder(command)
            .directory(FILES.toFile())
            .redirectInput(input.toFile())
            .redirectErrorStream(true)
            .redirectOutput(folder.resolve("output").toFile())
            .start();
    assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
    return process.exitValue();
  }
}
