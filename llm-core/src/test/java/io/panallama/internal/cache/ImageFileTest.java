package io.panallama.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowable;

import io.panallama.config.SessionKey;
import io.panallama.internal.cache.RefusedImageException.Reason;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.decode.StateImage;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.condition.DisabledOnOs;
import org.junit.jupiter.api.condition.OS;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

@Timeout(60)
class ImageFileTest {
  private static final byte[] FINGERPRINT = bytes(1, 32);
  private static final ImageKey KEY = ImageKey.of(SessionKey.of(bytes(3, 32)));
  private static final ImageKey OTHER_KEY = ImageKey.of(SessionKey.of(bytes(4, 32)));
  private static final int[] TOKENS = {5, 0, 70_000, 3};

  @TempDir private Path folder;

  /** How many images are open. */
  private final AtomicInteger open = new AtomicInteger();

  private final class Bytes implements StateImage {
    private final byte[] state;

    Bytes(byte[] state) {
      this.state = state;
      open.incrementAndGet();
    }

    @Override
    public long bytes() {
      return state.length;
    }

    @Override
    public void writeTo(WritableByteChannel channel) throws IOException {
      for (int at = 0; at < state.length; at += 100) {
        channel.write(ByteBuffer.wrap(state, at, Math.min(100, state.length - at)));
      }
    }

    @Override
    public void close() {
      open.decrementAndGet();
    }
  }

  private static byte[] bytes(long seed, int count) {
    byte[] bytes = new byte[count];
    new Random(seed).nextBytes(bytes);
    return bytes;
  }

  private Bytes reader(ReadableByteChannel channel, long bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate((int) bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer) < 0) {
        throw new EOFException();
      }
    }
    return new Bytes(buffer.array());
  }

  private StateImage read(Path file) throws IOException {
    return ImageFile.read(file, KEY, FINGERPRINT, Lineage.EMPTY, TOKENS, this::reader);
  }

  private Path written() throws IOException {
    Path file = folder.resolve("one.kv");
    try (Bytes image = new Bytes(bytes(2, 777))) {
      ImageFile.write(file, KEY, FINGERPRINT, Lineage.EMPTY, TOKENS, image, () -> false);
    }
    return file;
  }

  private Reason refused(Path file) {
    Throwable failure = catchThrowable(() -> read(file).close());
    assertThat(failure).isInstanceOf(RefusedImageException.class).hasMessageContaining(file.toString());
    assertThat(open).as("images left open").hasValue(0);
    return ((RefusedImageException) failure).reason();
  }

  @Test
  void whatWasWrittenIsRead() throws IOException {
    Path file = written();
    ImageFile.Header header = ImageFile.readHeader(file, KEY, FINGERPRINT);
    assertThat(header.tokens()).isEqualTo(TOKENS);
    assertThat(header.stateBytes()).isEqualTo(777);
    assertThat(Files.size(file)).isEqualTo(header.fileBytes());
    try (StateImage image = read(file)) {
      assertThat(((Bytes) image).state).isEqualTo(bytes(2, 777));
    }
  }

  @Test
  void aFileThatDiffersInAnyBitIsRefused() throws IOException {
    byte[] good = Files.readAllBytes(written());
    Path bad = folder.resolve("bad.kv");
    for (int bit = 0; bit < 8 * good.length; bit++) {
      byte[] damaged = good.clone();
      damaged[bit / 8] ^= (byte) (1 << bit % 8);
      Files.write(bad, damaged);
      refused(bad);
    }
  }

  @Test
  void aFileOfAnyOtherLengthIsRefused() throws IOException {
    byte[] good = Files.readAllBytes(written());
    Path bad = folder.resolve("bad.kv");
    for (int length = 0; length < good.length; length++) {
      Files.write(bad, Arrays.copyOf(good, length));
      assertThat(refused(bad)).isEqualTo(Reason.LENGTH);
    }
    Files.write(bad, Arrays.copyOf(good, good.length + 1));
    assertThat(refused(bad)).isEqualTo(Reason.LENGTH);
  }

  @Test
  void theReasonSaysWhatIsWrong() throws IOException {
    Path file = written();
    assertThatThrownBy(() -> ImageFile.readHeader(file, KEY, bytes(9, 32)))
        .isInstanceOfSatisfying(
            RefusedImageException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.FOREIGN));
    assertThatThrownBy(() -> ImageFile.read(file, KEY, FINGERPRINT, Lineage.EMPTY, new int[] {1}, this::reader))
        .isInstanceOfSatisfying(
            RefusedImageException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.FOREIGN));
    assertThat(refused(changed(file, 0))).isEqualTo(Reason.NOT_AN_IMAGE);
    assertThat(refused(changed(file, 8))).isEqualTo(Reason.VERSION);
    assertThat(refused(changed(file, 64))).isEqualTo(Reason.CHECKSUM);
    assertThat(refused(changed(file, 300))).isEqualTo(Reason.CHECKSUM);
  }

  @Test
  void aStateComesBackUnderItsOwnLineageOnly() throws IOException {
    Lineage adapter = Lineage.of(List.of(new Lineage.Adapter("0a1b", 0.5f)), List.of());
    Path file = folder.resolve("one.kv");
    try (Bytes image = new Bytes(bytes(2, 777))) {
      ImageFile.write(file, KEY, FINGERPRINT, adapter, TOKENS, image, () -> false);
    }
    ImageFile.Header header = ImageFile.readHeader(file, KEY, FINGERPRINT);
    assertThat(header.lineage()).isEqualTo(adapter);
    assertThat(header.fileBytes()).isEqualTo(Files.size(file));
    ImageFile.read(file, KEY, FINGERPRINT, adapter, TOKENS, this::reader).close();
    assertThat(refused(file)).as("read without the adapter").isEqualTo(Reason.FOREIGN);
  }

  @ParameterizedTest
  @ValueSource(bytes = {1, 2})
  void aFileOfAnOlderFormatIsForeign(byte version) throws IOException {
    byte[] old = Files.readAllBytes(written());
    old[8] = version;
    assertThat(refused(Files.write(folder.resolve("old.kv"), old))).isEqualTo(Reason.FOREIGN);
  }

  @Test
  void aFileOfAnotherKeyIsForeign() throws IOException {
    Path file = written();
    for (ThrowingCallable reading :
        List.<ThrowingCallable>of(
            () -> ImageFile.readHeader(file, OTHER_KEY, FINGERPRINT),
            () -> ImageFile.read(file, OTHER_KEY, FINGERPRINT, Lineage.EMPTY, TOKENS, this::reader))) {
      assertThatThrownBy(reading)
          .isInstanceOfSatisfying(
              RefusedImageException.class, refused -> assertThat(refused.reason()).isEqualTo(Reason.FOREIGN))
          .hasMessageContaining("another installation");
    }
  }

  /** Checksums that fit are no signature. */
  @Test
  void aForgedFileIsForeign() throws IOException {
    byte[] good = Files.readAllBytes(written());
    int headerEnd = 60 + 4 * TOKENS.length + 32;
    for (int at : new int[] {60, headerEnd - 32, headerEnd - 1, headerEnd + 4, good.length - 36, good.length - 5}) {
      byte[] forged = good.clone();
      forged[at]++;
      ImageFuzzTest.sumUp(forged, headerEnd);
      assertThat(refused(Files.write(folder.resolve("forged.kv"), forged))).isEqualTo(Reason.FOREIGN);
    }
  }

  /** The header of one file and the state of another, each signed. */
  @Test
  void partsOfTwoFilesMakeNone() throws IOException {
    byte[] good = Files.readAllBytes(written());
    Path other = folder.resolve("other.kv");
    try (Bytes image = new Bytes(bytes(2, 777))) {
      ImageFile.write(other, KEY, FINGERPRINT, Lineage.EMPTY, new int[] {5, 0, 70_000, 4}, image, () -> false);
    }
    byte[] mixed = Files.readAllBytes(other);
    int headerEnd = 60 + 4 * TOKENS.length + 36;
    System.arraycopy(good, 0, mixed, 0, headerEnd);
    assertThat(refused(Files.write(folder.resolve("mixed.kv"), mixed))).isEqualTo(Reason.FOREIGN);
  }

  private Path changed(Path file, int at) throws IOException {
    byte[] bytes = Files.readAllBytes(file);
    bytes[at]++;
    return Files.write(folder.resolve("changed.kv"), bytes);
  }

  /** A header can claim anything; what it claims must not be allocated before it is checked against the file. */
  @Test
  void aHeaderThatClaimsTooMuchIsRefused() throws IOException {
    ByteBuffer claim = ByteBuffer.wrap(Files.readAllBytes(written())).order(java.nio.ByteOrder.LITTLE_ENDIAN);
    claim.putInt(12, Integer.MAX_VALUE);
    Path bad = Files.write(folder.resolve("bad.kv"), claim.array());
    assertThat(refused(bad)).isEqualTo(Reason.LENGTH);
    claim.putInt(12, TOKENS.length).putLong(16, Long.MAX_VALUE - 30);
    Files.write(bad, claim.array());
    assertThat(refused(bad)).isEqualTo(Reason.LENGTH);
  }

  @Test
  void aWriteThatIsAbandonedLeavesNothing() throws IOException {
    AtomicInteger asked = new AtomicInteger();
    Path file = folder.resolve("one.kv");
    try (Bytes image = new Bytes(bytes(2, 777))) {
      assertThatThrownBy(() ->
              ImageFile.write(file, KEY, FINGERPRINT, Lineage.EMPTY, TOKENS, image, () -> asked.incrementAndGet() > 3))
          .isInstanceOf(IOException.class);
    }
    assertThat(folder).isEmptyDirectory();
  }

  @Test
  void aFileIsReplacedAsAWhole() throws IOException {
    Path file = written();
    Files.write(file, new byte[] {1}, StandardOpenOption.APPEND);
    assertThat(refused(file)).isEqualTo(Reason.LENGTH);
    read(written()).close();
  }

  @Test
  void whatCrashesLeftOrOthersWriteIsNotInTheWay() throws IOException {
    for (int i = 0; i < 1000; i++) {
      Files.createFile(folder.resolve("one.kv." + i + ".tmp"));
    }
    read(written()).close();
    try (Stream<Path> all = Files.list(folder)) {
      assertThat(all).hasSize(1001);
    }
  }

  @Test
  @DisabledOnOs(value = OS.WINDOWS, disabledReason = "there are no POSIX permissions")
  void nobodyElseMayReadIt() throws IOException {
    assertThat(Files.getPosixFilePermissions(written())).isEqualTo(PosixFilePermissions.fromString("rw-------"));
  }
}
