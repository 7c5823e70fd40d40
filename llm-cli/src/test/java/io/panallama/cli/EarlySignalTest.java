package io.panallama.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signals before the server listens. */
@Timeout(120)
class EarlySignalTest {
  @TempDir private Path folder;

  /** What the server reads before it listens may be a pipe whose writer never comes. */
  @ParameterizedTest
  @ValueSource(strings = {"--config", "--api-key-file", "--chat-template-file"})
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aSignalWhileAnOptionIsReadFromAPipeEndsTheServer(String option) throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    String path = System.getProperty("java.class.path");
    String modules = System.getProperty("jdk.module.path");
    Path err = folder.resolve("err");
    Process server =
        new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "--enable-native-access=ALL-UNNAMED",
                "-cp",
                modules == null ? path : path + File.pathSeparator + modules,
                Main.class.getName(),
                "serve",
                "--port",
                "0",
                "--backend",
                "cpu",
                option,
                pipe.toString())
            .redirectOutput(folder.resolve("out").toFile())
            .redirectError(err.toFile())
            .start();
    // It opens once the program reads, which then waits for what is never written.
    try (OutputStream _ = Files.newOutputStream(pipe)) {
      server.destroy();
      assertThat(server.waitFor(100, TimeUnit.SECONDS)).isTrue();
      assertThat(server.exitValue()).as(Files.readString(err)).isZero();
      assertThat(Files.readString(err)).contains("panallama: stopping");
    } finally {
      server.destroyForcibly();
    }
  }

  @ParameterizedTest
  @CsvSource({
    "serve --port 0, true",
    "-v serve, true",
    "--config some.yaml serve, true",
    "--config=some.yaml -v serve, true",
    "run serve, false",
    "bench serve, false",
    "help serve, false",
    "--config serve run, false",
    "--version, false"
  })
  void onlyTheServerHearsThemFromTheBeginning(String line, boolean heard) {
    assertThat(Main.isServing(line.split(" "))).isEqualTo(heard);
  }
}
