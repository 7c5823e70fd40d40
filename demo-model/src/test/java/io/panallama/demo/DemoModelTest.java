package io.panallama.demo;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoModelTest {
  @TempDir Path cache;

  private static String sha256(byte[] bytes) throws Exception {
    return HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(bytes));
  }

  /** Fails when the GGUF was replaced and the constants were not. */
  @Test
  void constantsDescribeTheResource() throws Exception {
    try (InputStream in = DemoModel.class.getResourceAsStream(DemoModel.RESOURCE)) {
      byte[] bytes = in.readAllBytes();

      assertThat(sha256(bytes)).isEqualTo(DemoModel.SHA256);
      assertThat(bytes.length).isEqualTo((int) DemoModel.SIZE);
    }
  }

  @Test
  void firstCallWritesAndSecondReuses() throws Exception {
    Path file = DemoModel.extract(cache);
    FileTime old = FileTime.fromMillis(1_000_000);
    Files.setLastModifiedTime(file, old);

    assertThat(DemoModel.extract(cache)).isEqualTo(file);
    assertThat(Files.getLastModifiedTime(file)).isEqualTo(old);
    assertThat(sha256(Files.readAllBytes(file))).isEqualTo(DemoModel.SHA256);
    assertThat(file.getFileName().toString()).isEqualTo("panallama-demo-q8_0-29e9d80f3fbd5f6f.gguf");
  }

  @Test
  void fileOfTheWrongSizeIsReplaced() throws Exception {
    Path file = DemoModel.extract(cache);
    Files.write(file, new byte[] {1, 2, 3});

    DemoModel.extract(cache);

    assertThat(Files.size(file)).isEqualTo(DemoModel.SIZE);
  }

  @Test
  void concurrentCallsAgreeAndLeaveNoTemporaryFile() throws Exception {
    try (ExecutorService threads = Executors.newFixedThreadPool(8)) {
      List<Callable<Path>> calls =
          Stream.<Callable<Path>>generate(() -> () -> DemoModel.extract(cache)).limit(8).toList();
      for (Future<Path> result : threads.invokeAll(calls)) {
        assertThat(sha256(Files.readAllBytes(result.get()))).isEqualTo(DemoModel.SHA256);
      }
    }
    try (Stream<Path> files = Files.list(cache.resolve("models"))) {
      assertThat(files).hasSize(1);
    }
  }

  @Test
  void unwritableFolderIsNamed() throws Exception {
    Path blocked = Files.writeString(cache.resolve("file"), "not a folder");

    assertThatThrownBy(() -> DemoModel.extract(blocked))
        .isInstanceOf(UncheckedIOException.class)
        .hasMessageContaining(blocked.toString())
        .hasMessageContaining("PANALLAMA_CACHE_DIR");
  }

  @Test
  void noticeSaysItIsADemoAndHowToLoadAnother() {
    assertThat(DemoModel.notice()).contains("demo", "two million parameters", "generated text", "--model FILE");
  }
}
