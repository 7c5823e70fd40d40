package io.panallama.internal.cache;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.config.SessionKey;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class ImageKeyTest {
  @TempDir private Path folder;

  private static String signature(SessionKey key) throws IOException {
    return HexFormat.of().formatHex(ImageKey.of(key).mac().doFinal("signed".getBytes(UTF_8)));
  }

  @Test
  void aKeyInAFileIsMadeOnceAndReadAgain() throws IOException {
    Path file = folder.resolve("new").resolve("session.key");
    String first = signature(SessionKey.inFile(file));
    assertThat(file).hasSize(SessionKey.MIN_BYTES);
    assertThat(signature(SessionKey.inFile(file))).isEqualTo(first);
    assertThat(signature(SessionKey.of(Files.readAllBytes(file)))).isEqualTo(first);
    assertThat(signature(SessionKey.inFile(folder.resolve("other")))).isNotEqualTo(first);
    try (Stream<Path> left = Files.list(file.getParent())) {
      assertThat(left).containsExactly(file);
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no POSIX permissions")
  void onlyTheOwnerReadsIt() throws IOException {
    Path file = folder.resolve("session.key");
    signature(SessionKey.inFile(file));
    assertThat(Files.getPosixFilePermissions(file)).isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }

  @Test
  void whatIsNoKeyIsLeftAloneAndSaysWhatToDo() throws IOException {
    for (int size : new int[] {0, 31, 5000}) {
      Path file = Files.write(folder.resolve("session.key"), new byte[size]);
      assertThatThrownBy(() -> signature(SessionKey.inFile(file)))
          .isInstanceOf(UnusableKeyException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("Delete it");
      assertThat(file).hasSize(size);
    }
  }

  @Test
  void aFolderThatCantBeMadeSaysWhatToDo() throws IOException {
    Path inTheWay = Files.createFile(folder.resolve("file"));
    for (Path file : List.of(inTheWay.resolve("session.key"), folder)) {
      assertThatThrownBy(() -> signature(SessionKey.inFile(file)))
          .isInstanceOf(UnusableKeyException.class)
          .hasMessageContaining(file.toString())
          .hasMessageContaining("EngineConfig.sessionKey");
    }
  }

  @Test
  void processesThatStartAtTheSameTimeAgree() throws Exception {
    Path file = folder.resolve("session.key");
    String java = Path.of(System.getProperty("java.home"), "bin", "java").toString();
    List<Process> children = new ArrayList<>();
    for (int i = 0; i < 4; i++) {
      children.add(
          new ProcessBuilder(java, "-Xmx32m", "-cp", System.getProperty("java.class.path"), Child.class.getName())
              .redirectErrorStream(true)
              .start());
    }
    for (Process child : children) {
      assertThat(child.inputReader().readLine()).isEqualTo("ready");
    }
    for (Process child : children) {
      child.outputWriter().append(file.toString()).append('\n').flush();
    }
    Set<String> signatures = new java.util.HashSet<>();
    for (Process child : children) {
      signatures.add(new String(child.getInputStream().readAllBytes(), UTF_8).strip());
      assertThat(child.waitFor(60, TimeUnit.SECONDS)).isTrue();
    }
    assertThat(signatures).containsExactly(signature(SessionKey.inFile(file)));
  }

  /** Signs with the key in the file whose name it reads. */
  static final class Child {
    private Child() {}

    public static void main(String[] args) throws IOException {
      System.out.println("ready");
      try (var in = new java.io.BufferedReader(new java.io.InputStreamReader(System.in, UTF_8))) {
        System.out.println(signature(SessionKey.inFile(Path.of(in.readLine()))));
      }
    }
  }
}
