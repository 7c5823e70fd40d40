package io.panallama.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.testkit.TinyModels;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class GgufFileTest {
  @TempDir Path folder;

  @Test
  void readsTheHeaderOfAModel() {
    GgufFile file = GgufFile.read(TinyModels.write(folder.resolve("tiny.gguf")));

    assertThat(file.version()).isEqualTo(3);
    assertThat(file.alignment()).isEqualTo(32);
    assertThat(file.dataOffset() % 32).isZero();
    assertThat(file.architecture()).hasValue("llama");
    assertThat(file.integer("llama.block_count")).hasValue(2);
    assertThat(file.number("llama.rope.freq_base")).hasValue(10000);
    assertThat(file.bool("tokenizer.ggml.add_bos_token")).hasValue(false);
    assertThat(file.array("tokenizer.ggml.tokens").orElseThrow().size()).isEqualTo(320);
    assertThat(file.string("llama.block_count")).isEmpty();
    assertThat(file.tensor("token_embd.weight").orElseThrow().dimensions()).containsExactly(64L, 320L);
    assertThat(file.hasWeights()).isTrue();
  }

  @Test
  void listsALargeVocabularyInWellUnderASecond() throws IOException {
    List<String> tokens = new ArrayList<>();
    for (int i = 0; i < 256_000; i++) {
      tokens.add("token" + i);
    }
    Path path = folder.resolve("large.gguf");
    new GgufWriter().put("general.architecture", "llama").put("tokenizer.ggml.tokens", tokens).write(path);

    ThreadMXBean threads = ManagementFactory.getThreadMXBean();
    long start = threads.getCurrentThreadCpuTime();
    GgufFile file = GgufFile.read(path);
    Duration took = Duration.ofNanos(threads.getCurrentThreadCpuTime() - start);

    assertThat(took).isLessThan(Duration.ofMillis(800));
    assertThat(file.array("tokenizer.ggml.tokens").orElseThrow().string(255_999)).isEqualTo("token255999");
  }

  @Test
  void readsVersion2() throws IOException {
    byte[] bytes = header(2, 0, 1, new Bytes().string("a.b").int32(4).int32(7));
    assertThat(GgufFile.read(file(bytes)).integer("a.b")).hasValue(7);
  }

  @Test
  void refusesAFileThatIsNoGguf() throws IOException {
    assertThat(refused("<!doctype html>".getBytes(StandardCharsets.US_ASCII)))
        .returns(Reason.NOT_GGUF, ModelLoadException::reason)
        .hasMessageContaining("begins with \"<!do\"");
    assertThat(refused(new byte[] {1}).reason()).isEqualTo(Reason.NOT_GGUF);
    assertThat(refused("GG".getBytes(StandardCharsets.US_ASCII)).reason()).isEqualTo(Reason.TRUNCATED);
  }

  @Test
  void namesTheVersionsItReads() throws IOException {
    assertThat(refused(header(1, 0, 0, new Bytes())))
        .returns(Reason.UNSUPPORTED_FORMAT, ModelLoadException::reason)
        .hasMessageContaining("at byte 4")
        .hasMessageContaining("is 1, expected 2 or 3");
    assertThat(refused(header(3 << 24, 0, 0, new Bytes()))).hasMessageContaining("big-endian");
  }

  @Test
  void boundsCountsAndLengths() throws IOException {
    assertThat(refused(header(3, -1, 0, new Bytes())).reason()).isEqualTo(Reason.CORRUPT);
    assertThat(refused(header(3, 0, 1L << 40, new Bytes())).reason()).isEqualTo(Reason.CORRUPT);
    assertThat(refused(header(3, 0, 1, new Bytes().int64(-5))).reason()).isEqualTo(Reason.CORRUPT);
    assertThat(refused(header(3, 0, 1, new Bytes().int64(1000))).reason()).isEqualTo(Reason.TRUNCATED);
    assertThat(refused(header(3, 0, 1, new Bytes().int64(1L << 50)))).hasMessageContaining("more than the whole file");
    Bytes array = new Bytes().string("k").int32(9).int32(8).int64(1 << 20);
    assertThat(refused(header(3, 0, 1, array)))
        .returns(Reason.TRUNCATED, ModelLoadException::reason)
        .hasMessageContaining("array k");
  }

  @Test
  void refusesWhatLlamaCppCutsOrMixesUp() throws IOException {
    Bytes twice = new Bytes().string("k").int32(4).int32(1).string("k").int32(4).int32(2);
    assertThat(refused(header(3, 0, 2, twice))).hasMessageContaining("the key k occurs twice");
    assertThat(refused(header(3, 0, 1, new Bytes().string("k\0").int32(4).int32(1)))).hasMessageContaining("zero byte");
    assertThat(refused(header(3, 0, 1, new Bytes().string("").int32(4).int32(1)))).hasMessageContaining("is empty");
    assertThat(refused(header(3, 0, 1, new Bytes().string("k").int32(13))).reason())
        .isEqualTo(Reason.UNSUPPORTED_FORMAT);
    assertThat(refused(header(3, 0, 1, new Bytes().string("k").int32(9).int32(9).int64(1))))
        .returns(Reason.UNSUPPORTED_FORMAT, ModelLoadException::reason)
        .hasMessageContaining("array of arrays");
  }

  @Test
  void refusesAlignmentsThatAreNoPowerOfTwo() throws IOException {
    for (int alignment : new int[] {0, 3, 33, 1 << 30}) {
      Bytes bytes = new Bytes().string("general.alignment").int32(4).int32(alignment);
      assertThat(refused(header(3, 0, 1, bytes)))
          .returns(Reason.CORRUPT, ModelLoadException::reason)
          .hasMessageContaining("general.alignment is " + alignment);
    }
  }

  @Test
  void refusesTensorsThatContradictThemselves() throws IOException {
    assertThat(refused(tensor(5, 1, 0, 0))).hasMessageContaining("5 dimensions");
    assertThat(refused(tensor(1, 0, 0, 0))).hasMessageContaining("dimension 0 of tensor t is 0");
    assertThat(refused(tensor(2, 1L << 40, 0, 0))).hasMessageContaining("fewer than 2^63");
    assertThat(refused(tensor(1, 32, 4, 0)))
        .returns(Reason.UNSUPPORTED_FORMAT, ModelLoadException::reason)
        .hasMessageContaining("type 4");
    assertThat(refused(tensor(1, 33, 8, 0))).hasMessageContaining("rows of 33 elements, expected a multiple of 32");
    assertThat(refused(tensor(1, 32, 0, 32))).hasMessageContaining("begins at offset 32");
    assertThat(refused(tensor(1, 1 << 20, 0, 0)))
        .returns(Reason.TRUNCATED, ModelLoadException::reason)
        .hasMessageContaining("tensor t takes 4194304 bytes");
    assertThat(refused(tensor(1, Long.MAX_VALUE / 2, 28, 0)).reason()).isEqualTo(Reason.CORRUPT);
  }

  private static byte[] tensor(int rank, long dimension, int type, long offset) {
    Bytes bytes = new Bytes().string("t").int32(rank);
    for (int i = 0; i < Math.min(rank, 4); i++) {
      bytes.int64(dimension);
    }
    return header(3, 1, 0, bytes.int32(type).int64(offset).pad(256));
  }

  private ModelLoadException refused(byte[] bytes) throws IOException {
    Path path = file(bytes);
    ModelLoadException e = catchThrowableOfType(ModelLoadException.class, () -> GgufFile.read(path));
    assertThat(e).isNotNull().hasMessageStartingWith(path.toString());
    assertThat(e.path()).isEqualTo(path);
    return e;
  }

  private Path file(byte[] bytes) throws IOException {
    return Files.write(Files.createTempFile(folder, "case", ".gguf"), bytes);
  }

  private static byte[] header(int version, long tensors, long keys, Bytes rest) {
    Bytes bytes = new Bytes().raw("GGUF").int32(version).int64(tensors).int64(keys);
    bytes.out.writeBytes(rest.out.toByteArray());
    return bytes.out.toByteArray();
  }

  /** Little-endian bytes of a header. */
  private static final class Bytes {
    private final ByteArrayOutputStream out = new ByteArrayOutputStream();

    Bytes raw(String text) {
      out.writeBytes(text.getBytes(StandardCharsets.UTF_8));
      return this;
    }

    Bytes int32(int value) {
      out.writeBytes(ByteBuffer.allocate(4).order(ByteOrder.LITTLE_ENDIAN).putInt(value).array());
      return this;
    }

    Bytes int64(long value) {
      out.writeBytes(ByteBuffer.allocate(8).order(ByteOrder.LITTLE_ENDIAN).putLong(value).array());
      return this;
    }

    Bytes string(String text) {
      return int64(text.getBytes(StandardCharsets.UTF_8).length).raw(text);
    }

    Bytes pad(int size) {
      out.writeBytes(new byte[size]);
      return this;
    }
  }
}
