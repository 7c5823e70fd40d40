package io.panallama.internal.quantize;

import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationProgress;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;

/**
 * Finds weights that are too large. The types that search a grid ({@code iq2_find_best_neighbour} and similar functions in {@code ggml-quants.c}) sum products of five factors as floats and assert that one of the sums is below {@code FLT_MAX}; with weights above about 1e9 none may be. The values of F16 and of most quantised types can't be too large; the weights of the other types are read.
 */
public final class WeightScan {
  /** The largest F16 value. No trained model comes near it. */
  private static final float LIMIT = 65504;

  private static final int CHUNK = 1 << 20;

  /** A block of MXFP4 has an exponent of 2, biased by 128, and 32 numbers up to 12 in 16 bytes; 12 * 2^12 is below the limit. */
  private static final int MXFP4_MAX_EXPONENT = 128 + 12;

  private final SourceModel source;
  private final QuantizationListener listener;

  private WeightScan(SourceModel source, QuantizationListener listener) {
    this.source = source;
    this.listener = listener;
  }

  /**
   * Reads the weights on the calling thread.
   *
   * @param listener asked before each MiB whether to continue
   * @throws QuantizationException for a weight above the limit, a file that can't be read, or a cancellation
   */
  public static void check(SourceModel source, QuantizationListener listener) {
    new WeightScan(source, listener).check();
  }

  private void check() {
    for (GgufFile file : source.files()) {
      try (FileChannel channel = FileChannel.open(file.path())) {
        for (GgufTensor tensor : file.tensors()) {
          if (tensor.type() == GgufType.F32 || tensor.type() == GgufType.BF16 || tensor.type() == GgufType.MXFP4) {
            check(channel, file, tensor);
          }
        }
      } catch (ClosedByInterruptException e) {
        throw QuantizationException.cancelled(source.path(), e);
      } catch (IOException e) {
        throw fault(Reason.FAILED, file.path(), "can't be read: " + e.getMessage(), e);
      }
    }
  }

  private void requireGoOn(GgufTensor tensor) {
    boolean goOn;
    try {
      goOn =
          listener.progress(new QuantizationProgress(tensor.name(), 0, source.tensors().size(), 0, source.bytes()))
              && !Thread.currentThread().isInterrupted();
    } catch (RuntimeException e) {
      throw QuantizationException.cancelled(source.path(), e);
    }
    if (!goOn) {
      throw QuantizationException.cancelled(source.path(), null);
    }
  }

  private void check(FileChannel channel, GgufFile file, GgufTensor tensor) throws IOException {
    int step = tensor.type().blockBytes();
    ByteBuffer bytes = ByteBuffer.allocate(CHUNK / step * step).order(ByteOrder.LITTLE_ENDIAN);
    long start = file.dataOffset() + tensor.offset();
    for (long done = 0; done < tensor.byteSize(); done += bytes.limit()) {
      requireGoOn(tensor);
      bytes.clear().limit((int) Math.min(bytes.capacity(), tensor.byteSize() - done));
      while (bytes.hasRemaining()) {
        if (channel.read(bytes, start + done + bytes.position()) < 0) {
          throw new IOException("it ends inside of " + tensor.name());
        }
      }
      if (!isSmall(tensor.type(), bytes)) {
        throw fault(
            Reason.UNSUPPORTED_TENSOR,
            file.path(),
            "tensor "
                + tensor.name()
                + " holds a weight beyond "
                + LIMIT
                + ", or one that is no number; this type"
                + " can't be made of it",
            null);
      }
    }
  }

  private static boolean isSmall(GgufType type, ByteBuffer bytes) {
    boolean small = true;
    switch (type) {
      case F32 -> {
        for (int i = 0; i < bytes.limit(); i += Float.BYTES) {
          small &= Math.abs(bytes.getFloat(i)) <= LIMIT;
        }
      }
      case BF16 -> {
        for (int i = 0; i < bytes.limit(); i += Short.BYTES) {
          small &= Math.abs(Float.intBitsToFloat(bytes.getShort(i) << 16)) <= LIMIT;
        }
      }
      default -> {
        for (int i = 0; i < bytes.limit(); i += type.blockBytes()) {
          small &= (bytes.get(i) & 0xFF) <= MXFP4_MAX_EXPONENT;
        }
      }
    }
    return small;
  }

  private static QuantizationException fault(Reason reason, Path path, String problem, @Nullable Throwable cause) {
    return new QuantizationException(reason, path, path + ": " + problem + ".", cause);
  }
}
