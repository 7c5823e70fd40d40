package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The manifests by Kubernetes' own schemas, with a validator from npm: {@code src/test/kubernetes}, run by Node. */
@Tag("integration")
@Timeout(300)
class KubernetesSchemaTest {
  private static final Path MANIFESTS = Path.of("..", "deploy", "kubernetes").toAbsolutePath().normalize();

  /** These are no objects of Kubernetes but files of its tools. */
  private static final List<String> OF_TOOLS = List.of("kustomization.yaml", "prometheus-adapter-rules.yaml");

  @TempDir private static Path validator;

  @BeforeAll
  static void install() throws Exception {
    for (String file : List.of("package.json", "package-lock.json", "check.mjs")) {
      Files.copy(Path.of("src", "test", "kubernetes", file), validator.resolve(file));
    }
    Result installed = run(List.of("npm", "ci", "--no-audit", "--no-fund"));
    assertThat(installed.code()).as(installed.output()).isZero();
  }

  private record Result(int code, String output) {}

  private static Result run(List<String> command) throws IOException, InterruptedException {
    Process process = new ProcessBuilder(command).directory(validator.toFile()).redirectErrorStream(true).start();
    String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    return new Result(process.waitFor(), output);
  }

  private static Result check(List<Path> files) throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of("node", "check.mjs"));
    files.forEach(file -> command.add(file.toString()));
    return run(command);
  }

  @Test
  void everyManifestIsValid() throws Exception {
    try (Stream<Path> all = Files.list(MANIFESTS)) {
      List<Path> files = all.filter(file -> !OF_TOOLS.contains(file.getFileName().toString())).sorted().toList();
      Result result = check(files);
      assertThat(result.code()).as(result.output()).isZero();
      assertThat(result.output().lines()).hasSameSizeAs(files).allMatch(line -> line.endsWith(" is valid"));
    }
  }

  /** What it would find. */
  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          readOnlyRootFilesystem: true   | readOnlyRootFileSystem: true
          terminationGracePeriodSeconds: | terminationGraceSeconds:
          containerPort: 8080            | containerPort: "8080x"
          periodSeconds: 10              | periodSeconds: 10s
          """)
  void aFaultIsFound(String right, String wrong) throws Exception {
    String text = Files.readString(MANIFESTS.resolve("deployment.yaml"));
    assertThat(text).contains(right);
    Path broken = Files.writeString(validator.resolve("broken.yaml"), text.replace(right, wrong));
    assertThat(check(List.of(broken)).code()).isEqualTo(1);
  }
}
