package io.panallama.gguf;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.error.ModelLoadException;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Whatever the bytes are, a file is read or refused, soon, and with one type of exception. */
class GgufMutationTest {
  private static final int ROUNDS = 1000;
  private static final long[] EXTREMES = {
    0, 1, 2, 31, 33, 255, 65_536, 1L << 24, Integer.MAX_VALUE, 1L << 31, 0xFFFF_FFFFL, 1L << 40, Long.MAX_VALUE, -1, -8
  };

  @TempDir Path folder;

  @Test
  void mutatedModelsAreReadOrRefused() throws IOException {
    Path path = TinyModels.write(folder.resolve("m.gguf"));
    byte[] model = Files.readAllBytes(path);
    int header = (int) GgufFile.read(path).dataOffset();
    Random random = new Random(20261121);
    int refused = 0;
    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    Duration longest = Duration.ZERO;
    for (int i = 0; i < ROUNDS; i++) {
      // A new file each time: the mapping of the last one may still be alive.
      Path mutant = Files.write(folder.resolve(i + ".gguf"), mutate(model, header, random));
      long start = threads.getCurrentThreadCpuTime();
      refused += isRefused(mutant) ? 1 : 0;
      Duration took = Duration.ofNanos(threads.getCurrentThreadCpuTime() - start);
      longest = took.compareTo(longest) > 0 ? took : longest;
      Files.delete(mutant);
    }
    assertThat(refused).isGreaterThan(ROUNDS / 3);
    assertThat(longest).isLessThan(Duration.ofSeconds(2));
  }

  private static boolean isRefused(Path path) {
    try {
      GgufFile file = GgufFile.read(path);
      for (GgufValue value : file.metadata().values()) {
        if (value instanceof GgufArray array && array.elementType() == GgufValueType.STRING) {
          assertThat(array.strings()).hasSize(array.size()).doesNotContainNull();
        }
      }
      ModelPreflight.check(file);
      return false;
    } catch (ModelLoadException e) {
      assertThat(e).hasMessageContaining(path.getFileName().toString());
      return true;
    }
  }

  private static byte[] mutate(byte[] model, int header, Random random) {
    if (random.nextInt(8) == 0) {
      return Arrays.copyOf(model, random.nextInt(random.nextBoolean() ? header : model.length));
    }
    byte[] mutant = model.clone();
    ByteBuffer buffer = ByteBuffer.wrap(mutant).order(ByteOrder.LITTLE_ENDIAN);
    for (int n = random.nextInt(4); n >= 0; n--) {
      int at = random.nextInt(header - Long.BYTES);
      long extreme = EXTREMES[random.nextInt(EXTREMES.length)];
      switch (random.nextInt(4)) {
        case 0 -> mutant[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> buffer.putInt(at, (int) extreme);
        case 2 -> buffer.putLong(at, extreme);
        default -> {
          byte[] piece = Arrays.copyOfRange(mutant, at, Math.min(header, at + random.nextInt(64)));
          System.arraycopy(piece, 0, mutant, random.nextInt(header - piece.length), piece.length);
        }
      }
    }
    return mutant;
  }

  @Test
  void aHugeSparseHeaderCostsNoHeap() throws IOException {
    Path path = folder.resolve("sparse.gguf");
    ByteBuffer start = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    start.put("GGUF".getBytes(StandardCharsets.US_ASCII)).putInt(3).putLong(0).putLong(1);
    start.putLong(1).put((byte) 'k').putInt(9).putInt(8).putLong(1 << 23); // strings, all empty
    Files.write(path, start.array());
    try (var channel = FileChannel.open(path, StandardOpenOption.WRITE)) {
      channel.write(ByteBuffer.wrap(new byte[1]), 1L << 30);
    }
    GgufFile file = GgufFile.read(path);
    assertThat(file.array("k").orElseThrow().size()).isEqualTo(1 << 23);
    assertThat(file.array("k").orElseThrow().string(1 << 22)).isEmpty();
  }
}
