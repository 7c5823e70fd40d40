package io.panallama.cli.settings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(60)
class SmallFileTest {
  @TempDir private Path folder;

  private Path pipe() throws Exception {
    Path pipe = folder.resolve("pipe");
    assertThat(new ProcessBuilder("mkfifo", pipe.toString()).start().waitFor()).isZero();
    return pipe;
  }

  private static void assertUnreadable(Path file, Duration patience, String message) {
    assertThatThrownBy(() -> SmallFile.text(file, patience))
        .isInstanceOf(SmallFile.Unreadable.class)
        .hasMessage(message);
  }

  private static void assertUnreadable(Path file, String message) {
    assertUnreadable(file, Duration.ofSeconds(30), message);
  }

  @Test
  void aTextIsReadUpToTheLimit() throws IOException {
    String most = "ä".repeat(SmallFile.MOST_BYTES / 2);
    assertThat(SmallFile.text(Files.writeString(folder.resolve("most"), most))).isEqualTo(most);
    assertThat(SmallFile.text(Files.createFile(folder.resolve("empty")))).isEmpty();
    assertThat(SmallFile.text(Files.writeString(folder.resolve("marked"), "\uFEFFkey"))).isEqualTo("key");
  }

  @Test
  void whatIsNoTextSaysWhy() throws IOException {
    assertUnreadable(
        Files.writeString(folder.resolve("large"), "a".repeat(SmallFile.MOST_BYTES + 1)),
        "it has more than 1 MiB, the most that such a file may have");
    assertUnreadable(Files.write(folder.resolve("bytes"), new byte[] {-1}), "it is not text in UTF-8");
    assertUnreadable(folder, "it is a directory");
    assertUnreadable(folder.resolve("missing"), "there is no such file");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void devicesHaveAnEndOrAreRefused() throws IOException {
    assertThat(SmallFile.text(Path.of("/dev/null"))).isEmpty();
    assertUnreadable(Path.of("/dev/zero"), "it has more than 1 MiB, the most that such a file may have");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeIsReadToItsEnd() throws Exception {
    Path pipe = pipe();
    Thread writer =
        Thread.ofPlatform()
            .start(() -> {
              try (OutputStream out = Files.newOutputStream(pipe)) {
                out.write("key".getBytes());
              } catch (IOException failed) {
                throw new AssertionError(failed);
              }
            });
    assertThat(SmallFile.text(pipe)).isEqualTo("key");
    writer.join();
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void aPipeWithoutAWriterIsGivenUp() throws Exception {
    assertUnreadable(
        pipe(), Duration.ofMillis(100), "it is not a regular file, and did not come to its end within 0 s");
  }

  @Test
  @EnabledOnOs({OS.LINUX, OS.MAC})
  void anInterruptEndsTheWait() throws Exception {
    Path pipe = pipe();
    Thread.currentThread().interrupt();
    assertUnreadable(pipe, "it was still being read when the program was told to stop");
    assertThat(Thread.interrupted()).isTrue();
  }
}
