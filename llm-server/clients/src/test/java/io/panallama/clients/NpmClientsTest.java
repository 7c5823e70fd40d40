package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** The clients from npm, as they are: {@code src/test/js}, run by Node. */
@ExtendWith(ServedModelUnderTest.class)
class NpmClientsTest {
  private static final Path HERE = Path.of("").toAbsolutePath();
  private static final Path OUTPUT = HERE.resolve("target").resolve("npm-clients.log");

  @Test
  void allOfTheirTestsPass() throws IOException, InterruptedException {
    run(List.of("npm", "ci", "--no-audit", "--no-fund"));
    run(List.of("npm", "test"));
  }

  private static void run(List<String> command) throws IOException, InterruptedException {
    Files.createDirectories(OUTPUT.getParent());
    ProcessBuilder builder = new ProcessBuilder(command).directory(HERE.toFile()).redirectErrorStream(true);
    builder.redirectOutput(OUTPUT.toFile()).environment().put("PANALLAMA_URL", ServedModelUnderTest.url());
    Process process = builder.start();
    try {
      assertThat(process.waitFor(10, TimeUnit.MINUTES)).as("%s does not end", command).isTrue();
      assertThat(process.exitValue()).as("%s%n%s", command, Files.readString(OUTPUT)).isZero();
    } finally {
      process.descendants().forEach(ProcessHandle::destroy);
      process.destroy();
    }
  }
}
