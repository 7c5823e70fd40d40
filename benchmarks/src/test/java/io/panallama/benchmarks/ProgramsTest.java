package io.panallama.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Every program runs to its end on a tiny model and reports what it should; the numbers mean nothing here. */
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
  void isolation() throws IOException {
    JsonNode json =
        run("isolation", "--rounds", "2", "--streams", "1,4", "--tokens", "32", "--repetitions", "1", "--starts", "1");
    JsonNode rows = json.path("comparisons");
    assertThat(rows.findValuesAsText("name")).containsExactly("B=1", "B=4", "TTFT, B=1", "TTFT, B=4");
    assertThat(rows.path(1).path("ratio").path("samples").size()).isEqualTo(2);
    assertThat(json.path("spreads").path("start of the process").path("p50").asDouble()).isPositive();
  }

  @Test
  void anIntrusion() throws IOException {
    JsonNode json =
        run(
            "intrusion",
            "--rounds",
            "2",
            "--baseline",
            "1",
            "--prompt",
            "2000",
            "--streams",
            "2",
            "--itl-target",
            "20");
    assertThat(json.path("spreads").path("ITL baseline").path("count").asInt()).isPositive();
    assertThat(json.path("spreads").path("ITL during the prefill").path("count").asInt()).isPositive();
    JsonNode tail = json.path("comparisons").path(1);
    assertThat(tail.path("name").asText()).isEqualTo("ITL p99");
    assertThat(tail.path("ratio").path("samples").size()).isEqualTo(2);
    assertThat(json.path("facts").path("itl target").asText()).isEqualTo("20 ms");
  }

  @Test
  void grammars() throws IOException {
    JsonNode rows = run("grammar", "--rounds", "1", "--tokens", "40").path("comparisons");
    assertThat(rows.findValuesAsText("name")).containsExactly("plain object", "numbers and words");
    assertThat(rows.path(1).path("ratio").path("samples").size()).isEqualTo(1);
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

  @Test
  void modelsAreWrittenOnceAndAgainWhereTheyAreNotRight() throws IOException {
    String[] arguments = {"models", "-d", folder.toString(), "--size", "30m", "--type", "q4_k_m"};
    assertThat(Main.commandLine().execute(arguments)).isZero();
    Path quantized = folder.resolve("30m-q4_k_m.gguf");
    byte[] bytes = Files.readAllBytes(quantized);
    FileTime longAgo = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(quantized, longAgo);

    assertThat(Main.commandLine().execute(arguments)).isZero();
    assertThat(Files.getLastModifiedTime(quantized)).isEqualTo(longAgo);

    Files.write(quantized, Arrays.copyOf(bytes, bytes.length - 1));
    Files.write(folder.resolve("30m-f16.gguf"), new byte[100]);
    assertThat(Main.commandLine().execute(arguments)).isZero();
    assertThat(Files.readAllBytes(quantized)).isEqualTo(bytes);
    GgufFile header = GgufFile.read(quantized);
    assertThat(header.tensors().stream().mapToLong(GgufTensor::elements).sum()).isBetween(29_000_000L, 31_000_000L);

    assertThat(Main.commandLine().execute("models", "-d", folder.toString(), "9t-q8_0")).isEqualTo(2);
    assertThat(Main.commandLine().execute("models", "-d", folder.toString(), "30m-iq1_s")).isEqualTo(2);
  }
}
