package io.panallama.quantize;

import io.panallama.error.ModelLoadException;
import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Collections;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * How much each input of each matrix matters: the mean of its squared activations over a text, as measured by {@code llama-imatrix}. Types with few bits need one. Immutable and thread-safe.
 */
public final class ImportanceMatrix {
  /**
   * The maximum importance. Measured values stay far below; from about 1e11 on, llama.cpp's sums over the largest weights that a quantised file can hold exceed the range of a float, and it asserts that they don't.
   */
  public static final float MAX_IMPORTANCE = 1e10f;

  /** The largest array that every JVM can create. */
  private static final int MAX_BYTES = Integer.MAX_VALUE - 8;

  private static final String SUMS = ".in_sum2";
  private static final String COUNTS = ".counts";

  private final Map<String, float[]> weights;

  private ImportanceMatrix(Map<String, float[]> weights) {
    this.weights = Collections.unmodifiableMap(weights);
  }

  /**
   * Creates a matrix from numbers.
   *
   * @param weights for each tensor name, as many numbers as a row of the tensor has, times its number of experts
   * @throws IllegalArgumentException for a number that is negative, not finite, or above {@link #MAX_IMPORTANCE}
   */
  public static ImportanceMatrix of(Map<String, float[]> weights) {
    Map<String, float[]> copy = new TreeMap<>();
    weights.forEach((tensor, values) -> {
      String problem = problem(tensor, values);
      if (problem != null) {
        throw new IllegalArgumentException(problem);
      }
      copy.put(tensor, values.clone());
    });
    return new ImportanceMatrix(copy);
  }

  /**
   * Reads a GGUF file that {@code llama-imatrix} wrote (its older format, {@code .dat}, is not supported).
   *
   * @throws QuantizationException with {@link Reason#IMPORTANCE_MATRIX_INVALID} if it is not such a file or can't be read
   */
  public static ImportanceMatrix read(Path path) {
    GgufFile file;
    try {
      file = GgufFile.read(path);
    } catch (ModelLoadException e) {
      throw invalid(path, "expected an importance matrix in GGUF format: " + e.getMessage(), e);
    }
    Map<String, float[]> weights = new TreeMap<>();
    try (FileChannel channel = FileChannel.open(path)) {
      for (GgufTensor sums : file.tensors()) {
        if (sums.name().endsWith(SUMS)) {
          String tensor = sums.name().substring(0, sums.name().length() - SUMS.length());
          GgufTensor counts =
              file.tensor(tensor + COUNTS)
                  .orElseThrow(() -> invalid(path, "the tensor " + tensor + COUNTS + " is missing", null));
          float[] means = means(read(channel, file, sums), read(channel, file, counts));
          String problem = problem(tensor, means);
          if (problem != null) {
            throw invalid(path, problem, null);
          }
          weights.put(tensor, means);
        }
      }
    } catch (IOException e) {
      throw invalid(path, "can't be read: " + e.getMessage(), e);
    }
    if (weights.isEmpty()) {
      throw invalid(path, "has no tensor that ends in " + SUMS + "; it is no importance matrix", null);
    }
    return new ImportanceMatrix(weights);
  }

  private static float[] read(FileChannel channel, GgufFile file, GgufTensor tensor) throws IOException {
    if (tensor.type() != GgufType.F32) {
      throw invalid(
          file.path(), "the tensor " + tensor.name() + " is of type " + tensor.type() + ", expected F32", null);
    }
    if (tensor.byteSize() > MAX_BYTES) {
      throw invalid(
          file.path(),
          "the tensor " + tensor.name() + " has " + tensor.byteSize() + " bytes, expected at most " + MAX_BYTES,
          null);
    }
    ByteBuffer bytes = ByteBuffer.allocate((int) tensor.byteSize()).order(ByteOrder.LITTLE_ENDIAN);
    long start = file.dataOffset() + tensor.offset();
    while (bytes.hasRemaining()) {
      if (channel.read(bytes, start + bytes.position()) < 0) {
        throw new IOException("it ends inside of " + tensor.name());
      }
    }
    float[] values = new float[bytes.capacity() / Float.BYTES];
    bytes.flip().asFloatBuffer().get(values);
    return values;
  }

  /** Like llama-quantize, treats the inputs of experts that were never used as equally important. */
  private static float[] means(float[] sums, float[] counts) {
    float[] means = new float[sums.length];
    int row = counts.length == 0 ? 0 : sums.length / counts.length;
    if (row == 0 || sums.length % counts.length != 0) {
      Arrays.fill(means, Float.NaN);
      return means;
    }
    for (int i = 0; i < sums.length; i++) {
      float count = Math.round(counts[i / row]);
      means[i] = count > 0 ? sums[i] / count : 1;
    }
    return means;
  }

  private static @Nullable String problem(String tensor, float[] values) {
    for (float value : values) {
      if (!(value >= 0 && value <= MAX_IMPORTANCE)) {
        return "the importance matrix has " + value + " for " + tensor + ", expected 0 to " + MAX_IMPORTANCE;
      }
    }
    return null;
  }

  private static QuantizationException invalid(Path path, String problem, @Nullable Throwable cause) {
    return new QuantizationException(Reason.IMPORTANCE_MATRIX_INVALID, path, path + ": " + problem, cause);
  }

  /** The names of the tensors that have weights here. */
  public Set<String> tensors() {
    return weights.keySet();
  }

  /**
   * A copy of a tensor's numbers; empty if there are none for the tensor.
   */
  public float[] weights(String tensor) {
    return weights.getOrDefault(tensor, new float[0]).clone();
  }

  /** The number of weights for a tensor; 0 if there are none. */
  public int size(String tensor) {
    return weights.getOrDefault(tensor, new float[0]).length;
  }

  @Override
  public String toString() {
    return "ImportanceMatrix[" + weights.size() + " tensors]";
  }
}
