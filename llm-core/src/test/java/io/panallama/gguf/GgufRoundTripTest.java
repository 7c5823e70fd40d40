package io.panallama.gguf;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;
import static org.assertj.core.api.Assertions.assertThatIllegalStateException;
import static org.assertj.core.api.Assertions.within;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What {@link GgufWriter} writes, {@link GgufFile} reads back. */
class GgufRoundTripTest {
  @TempDir Path folder;

  @Test
  void everyMetadataTypeComesBackEqualAndInOrder() throws IOException {
    for (int seed = 0; seed < 50; seed++) {
      Random random = new Random(seed);
      Map<String, GgufValue> expected = new LinkedHashMap<>();
      GgufWriter writer = new GgufWriter();
      for (int i = random.nextInt(30); i >= 0; i--) {
        String key = "key." + seed + "." + i + (random.nextBoolean() ? "é" : "");
        GgufValue value = value(random);
        expected.put(key, value);
        writer.put(key, value);
      }
      Path path = folder.resolve("m" + seed + ".gguf");
      writer.write(path);

      GgufFile file = GgufFile.read(path);

      assertThat(file.metadata()).containsExactlyEntriesOf(expected);
      assertThat(file.hasWeights()).isFalse();
    }
  }

  private static GgufValue value(Random random) {
    GgufValueType type = GgufValueType.values()[random.nextInt(GgufValueType.values().length)];
    return switch (type) {
      case BOOL -> new GgufValue.Bool(random.nextBoolean());
      case STRING -> new GgufValue.Text("text " + random.nextInt() + " ▁\0");
      case FLOAT32 -> GgufValue.Real.f32(random.nextFloat());
      case FLOAT64 -> new GgufValue.Real(type, random.nextDouble());
      case ARRAY -> array(random);
      default -> new GgufValue.Int(type, new GgufValueRange(type).of(random));
    };
  }

  private static GgufArray array(Random random) {
    int size = random.nextInt(200);
    List<String> strings = new ArrayList<>();
    float[] floats = new float[size];
    long[] longs = new long[size];
    for (int i = 0; i < size; i++) {
      strings.add("t".repeat(random.nextInt(5)) + i);
      floats[i] = random.nextFloat();
      longs[i] = random.nextLong();
    }
    return switch (random.nextInt(4)) {
      case 0 -> GgufArray.ofStrings(strings);
      case 1 -> GgufArray.ofFloats(floats);
      case 2 -> GgufArray.ofIntegers(GgufValueType.INT16, longs);
      default -> GgufArray.ofIntegers(GgufValueType.UINT64, longs);
    };
  }

  /** Numbers that fit a type. */
  private record GgufValueRange(GgufValueType type) {
    long of(Random random) {
      long bits = random.nextLong();
      return switch (type) {
        case UINT8 -> bits & 0xFF;
        case INT8 -> (byte) bits;
        case UINT16 -> bits & 0xFFFF;
        case INT16 -> (short) bits;
        case UINT32 -> bits & 0xFFFF_FFFFL;
        case INT32 -> (int) bits;
        default -> bits;
      };
    }
  }

  @Test
  void arraysReadAnyElement() {
    List<String> words = new ArrayList<>();
    for (int i = 0; i < 1000; i++) {
      words.add("w".repeat(i % 7) + i);
    }
    GgufArray array = GgufArray.ofStrings(words);

    assertThat(array.strings()).isEqualTo(words);
    assertThat(array.string(999)).isEqualTo(words.get(999));
    assertThat(GgufArray.ofIntegers(GgufValueType.UINT8, 255).integer(0)).isEqualTo(255);
    assertThat(GgufArray.ofIntegers(GgufValueType.INT8, 255).number(0)).isEqualTo(-1);
    assertThat(GgufArray.ofFloats(0.5f).number(0)).isEqualTo(0.5);
    assertThatIllegalStateException().isThrownBy(() -> array.integer(0));
    assertThatIllegalStateException().isThrownBy(() -> GgufArray.ofFloats(1).string(0));
  }

  @Test
  void tensorsComeBackWithTheirBytes() throws IOException {
    Random random = new Random(7);
    float[] values = new float[64 * 1500]; // more than one chunk
    for (int i = 0; i < values.length; i++) {
      values[i] = (float) random.nextGaussian();
    }
    List<Long> dimensions = List.of(64L, 1500L);
    Path path = folder.resolve("t.gguf");
    GgufWriter writer = new GgufWriter().put("general.architecture", "llama");
    for (GgufType type : List.of(GgufType.F32, GgufType.F16, GgufType.BF16, GgufType.Q8_0)) {
      writer.tensor("t." + type, type, dimensions, FloatSource.of(values));
    }
    writer.tensor("odd", GgufType.F32, List.of(3L), FloatSource.constant(2));
    writer.write(path);

    GgufFile file = GgufFile.read(path);
    ByteBuffer bytes = ByteBuffer.wrap(Files.readAllBytes(path)).order(ByteOrder.LITTLE_ENDIAN);

    assertThat(file.tensors()).hasSize(5);
    for (GgufTensor tensor : file.tensors().subList(0, 4)) {
      assertThat(tensor.dimensions()).isEqualTo(dimensions);
      int start = (int) (file.dataOffset() + tensor.offset());
      for (int i = 0; i < values.length; i++) {
        float expected = values[i];
        float actual = element(bytes, start, i, tensor.type());
        float tolerance =
            switch (tensor.type()) {
              case F32 -> 0;
              case F16 -> Math.abs(expected) / 1024 + 0x1p-24f; // half a subnormal
              case BF16 -> Math.abs(expected) / 128;
              default -> 5f / 127;
            };
        assertThat(actual).isCloseTo(expected, within(tolerance));
      }
    }
    assertThat(file.tensor("odd").orElseThrow().byteSize()).isEqualTo(12);
    assertThat(file.tensor("odd").orElseThrow().dimension(3)).isEqualTo(1);
    assertThat(file.fileSize() % GgufWriter.ALIGNMENT).isZero();
  }

  private static float element(ByteBuffer bytes, int start, int index, GgufType type) {
    return switch (type) {
      case F32 -> bytes.getFloat(start + 4 * index);
      case F16 -> Float.float16ToFloat(bytes.getShort(start + 2 * index));
      case BF16 -> Float.intBitsToFloat(bytes.getShort(start + 2 * index) << 16);
      default -> {
        int block = start + index / 32 * 34;
        yield Float.float16ToFloat(bytes.getShort(block)) * bytes.get(block + 2 + index % 32);
      }
    };
  }

  @Test
  void aFailedWriteLeavesWhatWasThere() throws IOException {
    Path path = folder.resolve("kept.gguf");
    Files.writeString(path, "before");
    GgufWriter writer =
        new GgufWriter()
            .tensor(
                "bad",
                GgufType.F32,
                List.of(4L),
                (first, target, count) -> {
                  throw new IllegalStateException("no data");
                });

    assertThatIllegalStateException().isThrownBy(() -> writer.write(path));
    assertThat(path).hasContent("before");
    try (var files = Files.list(folder)) {
      assertThat(files).containsExactly(path);
    }
  }

  @Test
  void refusesTensorsThatNoFileCanHold() {
    GgufWriter writer = new GgufWriter();
    FloatSource zero = FloatSource.constant(0);
    assertThatIllegalArgumentException().isThrownBy(() -> writer.tensor("q", GgufType.Q4_K, List.of(256L), zero));
    assertThatIllegalArgumentException().isThrownBy(() -> writer.tensor("q", GgufType.Q8_0, List.of(33L), zero));
    assertThatIllegalArgumentException().isThrownBy(() -> writer.tensor("q", GgufType.F32, List.of(0L), zero));
    assertThatIllegalArgumentException()
        .isThrownBy(() -> writer.tensor("n".repeat(64), GgufType.F32, List.of(1L), zero));
    assertThatIllegalArgumentException().isThrownBy(() -> new GgufValue.Int(GgufValueType.UINT8, 256));
  }
}
