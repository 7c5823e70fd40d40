package io.panallama.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every program runs to its end on a tiny model and tells what it should; the numbers mean nothing here. */
@Timeout(120)
class ProgramsTest {
  @TempDir Path folder;
  private Path model;

  @BeforeEach
  void write() {
    model = TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withContextLength(8192));
  }

  private JsonNode run(String program, String... arguments) throws IOException {
    Path json = folder.resolve(program + ".json");
    List<String> all = new ArrayList<>(List.of(program, "--model", model.toString(), "--json", json.toString()));
    all.addAll(List.of("--threads", "1"));
    all.addAll(List.of(arguments));
    assertThat(Main.commandLine().execute(all.toArray(String[]::new))).isZero();
    return new ObjectMapper().readTree(json.toFile());
  }

  @Test
  void aSingleStream() throws IOException {
    JsonNode rows = run("engine", "--rounds", "2", "--warm-up", "0", "--repetitions", "1").path("comparisons");
    assertThat(rows.findValuesAsText("name")).containsExactly("tg128", "pp512");
    assertThat(rows.path(0).path("ours").path("samples").size()).isEqualTo(2);
    assertThat(rows.path(1).path("ours").path("median").asDouble()).isPositive();
  }

  @Test
  void batches() throws IOException {
    JsonNode rows = run("batch", "--rounds", "2", "--streams", "1,4").path("comparisons");
    assertThat(rows.findValuesAsText("name")).containsExactly("B=1", "B=4");
    assertThat(rows.path(1).path("ours").path("median").asDouble()).isPositive();
  }

  @Test
  void anIntrusion() throws IOException {
    JsonNode json =
        run("intrusion", "--rounds", "2", "--quiet", "1", "--prompt", "2000", "--streams", "2", "--itl-target", "20");
    assertThat(json.path("spreads").path("ITL without the prompt").path("count").asInt()).isPositive();
    assertThat(json.path("spreads").path("ITL while it prefills").path("count").asInt()).isPositive();
    JsonNode tail = json.path("comparisons").path(1);
    assertThat(tail.path("name").asText()).isEqualTo("ITL p99");
    assertThat(tail.path("ratio").path("samples").size()).isEqualTo(2);
    assertThat(json.path("facts").path("itl target").asText()).isEqualTo("20 ms");
  }

  @Test
  void severalEngines() throws IOException {
    JsonNode rows = run("engines", "--rounds", "2", "--engines", "3").path("comparisons");
    assertThat(rows.path(0).path("ratio").path("samples").size()).isEqualTo(2);
  }

  @Test
  void sessions() throws IOException {
    JsonNode counts =
        run("sessions", "--sessions", "60", "--wake", "20", "--memory", "1", "--disk", "64").path("counts");
    assertThat(counts.path("equal answers, woken by the same engine").asText()).isEqualTo("20 of 20");
    assertThat(counts.path("equal answers, woken after a restart").asText()).isEqualTo("20 of 20");
    assertThat(counts.path("MiB found again").asInt()).isPositive();
  }
}
