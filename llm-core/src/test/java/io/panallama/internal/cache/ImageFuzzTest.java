package io.panallama.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.config.SessionKey;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Mutants of session files and spilled prefixes, which have the same format: each is refused with a
 * {@link RefusedImageException}.
 *
 * <p>A run is short and always the same. {@code -Dpanallama.fuzz.seconds=600} makes it longer,
 * {@code -Dpanallama.fuzz.seed=7} another one.
 */
class ImageFuzzTest {
  private static final int FEW = 5_000;
  private static final byte[] FINGERPRINT = new byte[32];
  private static final ImageKey KEY = ImageKey.of(SessionKey.of(new byte[32]));

  /** Lengths, counts and versions that a header could claim. */
  private static final long[] CLAIMS = {
    0, 1, 2, 3, -1, 1 << 20, 1 << 26, Integer.MAX_VALUE, Integer.MIN_VALUE, Long.MAX_VALUE, Long.MIN_VALUE
  };

  @TempDir private Path folder;

  /** A state, as far as a file is concerned. */
  private record State(byte[] state) implements StateImage {
    @Override
    public long bytes() {
      return state.length;
    }

    @Override
    public void writeTo(WritableByteChannel channel) throws IOException {
      channel.write(ByteBuffer.wrap(state));
    }

    @Override
    public void close() {}
  }

  private static byte[] bytes(Random random, int count) {
    byte[] bytes = new byte[count];
    random.nextBytes(bytes);
    return bytes;
  }

  private byte[] written(Random random, Lineage lineage, int[] tokens) throws IOException {
    Path file = folder.resolve("good.kv");
    ImageFile.write(file, KEY, FINGERPRINT, lineage, tokens, new State(bytes(random, 500)), () -> false);
    return Files.readAllBytes(file);
  }

  /** Where the HMAC of the header ends. */
  private static int headerEnd(byte[] file) {
    ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    return 60 + header.getInt(56) + 4 * header.getInt(12) + ImageKey.MAC_BYTES;
  }

  /** Makes both checksums right, as a forger would. */
  static void sumUp(byte[] file, int headerEnd) {
    sumUp(file, 0, headerEnd);
    sumUp(file, headerEnd + 4, file.length - 4);
  }

  private static void sumUp(byte[] file, int from, int to) {
    if (0 <= from && from <= to && to <= file.length - 4) {
      CRC32C sum = new CRC32C();
      sum.update(file, from, to - from);
      ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN).putInt(to, (int) sum.getValue());
    }
  }

  private static byte[] mutant(Random random, byte[] good, byte[] other) {
    byte[] made = good.clone();
    int end = headerEnd(good);
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      int at = random.nextInt(made.length);
      switch (random.nextInt(8)) {
        case 0 -> made[at] ^= (byte) (1 << random.nextInt(8));
        case 1 -> made[at] = (byte) random.nextInt();
        case 2 -> {
          byte[] noise = bytes(random, 1 + random.nextInt(40));
          System.arraycopy(noise, 0, made, at, Math.min(noise.length, made.length - at));
        }
        case 3 -> claim(made, 4 * random.nextInt(15), random);
        case 4 -> made = Arrays.copyOf(made, Math.max(1, made.length + random.nextInt(-100, 100)));
        case 5 -> System.arraycopy(other, 0, made, 0, Math.min(at, other.length));
        case 6 -> {
          int length = Math.min(random.nextInt(100), made.length - at);
          System.arraycopy(made, random.nextInt(made.length - length + 1), made, at, length);
        }
        default -> claim(made, 12, random);
      }
    }
    if (random.nextBoolean()) {
      sumUp(made, random.nextBoolean() ? end : Math.max(0, headerEndOrZero(made)));
    }
    return made;
  }

  private static int headerEndOrZero(byte[] file) {
    return file.length < 60 ? 0 : headerEnd(file);
  }

  private static void claim(byte[] file, int at, Random random) {
    long value = CLAIMS[random.nextInt(CLAIMS.length)] + random.nextInt(-1, 2);
    ByteBuffer header = ByteBuffer.wrap(file).order(ByteOrder.LITTLE_ENDIAN);
    if (at == 16 && at + 8 <= file.length) {
      header.putLong(at, value);
    } else if (at + 4 <= file.length) {
      header.putInt(at, (int) value);
    }
  }

  @Test
  @Tag("fuzz")
  void everyMutantIsRefused() throws IOException {
    long seed = Long.getLong("panallama.fuzz.seed", 1);
    long seconds = Long.getLong("panallama.fuzz.seconds", 0);
    Random random = new Random(seed);
    Lineage adapters = Lineage.of(List.of(new Lineage.Adapter("0a1b", 0.5f)), List.of());
    int[] tokens = {5, 0, 70_000, 3};
    byte[] plain = written(random, Lineage.EMPTY, tokens);
    byte[] adapted = written(random, adapters, new int[] {9, 8, 7, 6, 5});
    Path file = folder.resolve("mutant.kv");
    long began = System.nanoTime();
    int done = 0;
    while (seconds == 0 ? done < FEW : System.nanoTime() - began < Duration.ofSeconds(seconds).toNanos()) {
      byte[] good = random.nextBoolean() ? plain : adapted;
      byte[] mutant = mutant(random, good, good == plain ? adapted : plain);
      if (!Arrays.equals(mutant, plain) && !Arrays.equals(mutant, adapted)) {
        Files.write(file, mutant);
        assertRefused(file, mutant, seed, done);
        done++;
      }
    }
    assertThat(done).isGreaterThanOrEqualTo(seconds == 0 ? FEW : 1);
  }

  private static void assertRefused(Path file, byte[] mutant, long seed, int number) throws IOException {
    String what = "mutant " + number + " of seed " + seed;
    try {
      ImageFile.Header header = ImageFile.readHeader(file, KEY, FINGERPRINT);
      ImageFile.read(file, KEY, FINGERPRINT, header.lineage(), header.tokens(), ImageFuzzTest::state).close();
    } catch (RefusedImageException refused) {
      assertThat(refused).as(what).hasMessageContaining(file.toString());
      return;
    } catch (IOException | RuntimeException | Error other) {
      throw new AssertionError(what + " failed in another way; it is in " + keep(mutant, number), other);
    }
    throw new AssertionError(what + " was accepted; it is in " + keep(mutant, number));
  }

  private static StateImage state(java.nio.channels.ReadableByteChannel channel, long bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(Math.toIntExact(bytes));
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return new State(buffer.array());
  }

  private static Path keep(byte[] mutant, int number) throws IOException {
    Path found = Files.createDirectories(Path.of("target", "fuzz"));
    return Files.write(found.resolve("image-" + number + ".kv"), mutant);
  }
}
