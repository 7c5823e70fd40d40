package io.panallama;

import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.error.QuantizationException;
import io.panallama.error.QuantizationException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.internal.llama.Natives;
import io.panallama.internal.llama.Processors;
import io.panallama.internal.llama.QuantizeCall;
import io.panallama.internal.quantize.QuantizationPreflight;
import io.panallama.internal.quantize.SourceModel;
import io.panallama.platform.FileTrouble;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationListener;
import io.panallama.quantize.QuantizationProgress;
import io.panallama.quantize.QuantizationResult;
import java.io.IOException;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Converts model files to other weight formats with llama.cpp's own code.
 *
 * <pre>{@code
 * Quantizer.quantize(
 *     Path.of("model-f16.gguf"), Path.of("model-q4_k_m.gguf"), QuantizationConfig.of(QuantizationType.Q4_K_M));
 * }</pre>
 *
 * <p>A quantisation runs on the calling thread and on threads that it starts, and keeps them fully busy, so run it on a
 * platform thread. It needs a few hundred MiB of memory in addition to the mapped source, whatever the size of the
 * model. Thread-safe; several may run at once. The same source and settings produce the same bytes, whatever the number
 * of threads.
 */
public final class Quantizer {
  private Quantizer() {}

  /**
   * Quantises a model. The output appears under its name once it is complete; until then it is a file
   * {@code NAME.*.part} next to it, which is deleted on failure. A model in several files
   * ({@code -00001-of-00004.gguf}) becomes one file.
   *
   * <p>It can be stopped between two tensors, by the listener or by interrupting the thread, which stays interrupted;
   * converting one tensor takes from milliseconds to minutes. The work of {@link #estimate} is done first. The source
   * is mapped and must not change or shrink in the meantime.
   *
   * @throws ModelLoadException if the source is not a model that llama.cpp would load
   * @throws QuantizationException if it can't be quantised with this configuration or to this output
   * @throws NativeLibraryException if llama.cpp's libraries can't be loaded
   */
  public static QuantizationResult quantize(Path source, Path output, QuantizationConfig config) {
    SourceModel model = read(source);
    checkOutput(model, output, config);
    QuantizationResult estimate = estimate(model, config);
    checkSpace(model, output, estimate);
    // Not one of the JDK's temporary files, which only their owner can read.
    Path part = output.resolveSibling(output.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      try {
        Files.createFile(part);
      } catch (IOException e) {
        throw notWritable(output, e);
      }
      Progress progress = new Progress(model, config.listener());
      QuantizeCall.Outcome outcome = QuantizeCall.run(source, part, resolved(config), progress::next);
      progress.end();
      long bytes = verified(model, part);
      move(part, output, config.overwrite());
      return result(model, config, bytes, outcome.fallbackTensors());
    } finally {
      delete(part);
    }
  }

  /**
   * Returns the result that {@link #quantize} would have, without writing anything. The source and the settings are
   * checked in the same way; the output and the disk space are not.
   *
   * <p>This takes milliseconds, except for the types that search a grid, IQ1, IQ2 and IQ3: for those every weight in
   * F32, BF16 or MXFP4 is read, at the speed of the disk. The listener and an interrupt can stop it there, between two
   * MiB.
   *
   * @throws ModelLoadException as {@link #quantize}
   * @throws QuantizationException as {@link #quantize}
   */
  public static QuantizationResult estimate(Path source, QuantizationConfig config) {
    return estimate(read(source), config);
  }

  /** An interrupted thread can't read files. */
  private static SourceModel read(Path source) {
    if (Thread.currentThread().isInterrupted()) {
      throw QuantizationException.cancelled(source, null);
    }
    try {
      return SourceModel.read(source);
    } catch (ModelLoadException e) {
      throw interrupted(e) ? QuantizationException.cancelled(source, e) : e;
    }
  }

  private static boolean interrupted(ModelLoadException failure) {
    return failure.getCause() instanceof ClosedByInterruptException;
  }

  private static QuantizationResult estimate(SourceModel model, QuantizationConfig config) {
    QuantizationPreflight.check(model, config);
    Natives.load();
    QuantizeCall.Outcome outcome = QuantizeCall.dryRun(model.path(), resolved(config));
    return result(model, config, outcome.bytes(), outcome.fallbackTensors());
  }

  private static QuantizationResult result(SourceModel model, QuantizationConfig config, long bytes, int fallbacks) {
    return new QuantizationResult(
        config.type(), model.parameters(), model.tensors().size(), fallbacks, model.bytes(), bytes);
  }

  private static QuantizationConfig resolved(QuantizationConfig config) {
    if (config.threads() != QuantizationConfig.AUTO) {
      return config;
    }
    int processors = Math.min(Processors.count(), QuantizationConfig.MAX_THREADS);
    return config.toBuilder().threads(processors).build();
  }

  private static void checkOutput(SourceModel model, Path output, QuantizationConfig config) {
    folder(output);
    if (!Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    for (GgufFile file : model.files()) {
      try {
        if (Files.isSameFile(file.path(), output)) {
          throw new QuantizationException(
              Reason.SAME_FILE, output, output + ": is the source itself; choose another name for the output.", null);
        }
      } catch (IOException e) {
        throw notWritable(output, e);
      }
    }
    if (Files.isDirectory(output)) {
      throw new QuantizationException(
          Reason.OUTPUT_NOT_WRITABLE, output, output + ": is a directory; name a file in it.", null);
    }
    if (!config.overwrite()) {
      throw exists(output, null);
    }
  }

  private static Path folder(Path output) {
    Path folder = output.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new QuantizationException(
          Reason.OUTPUT_NOT_WRITABLE, output, output + ": there is no folder " + folder + ".", null);
    }
    return folder;
  }

  private static QuantizationException exists(Path output, @Nullable Throwable cause) {
    return new QuantizationException(
        Reason.OUTPUT_EXISTS, output, output + ": exists already, and overwriting was not asked for.", cause);
  }

  private static QuantizationException notWritable(Path output, IOException cause) {
    return new QuantizationException(
        Reason.OUTPUT_NOT_WRITABLE, output, output + ": can't be written: " + FileTrouble.reason(cause), cause);
  }

  private static void checkSpace(SourceModel model, Path output, QuantizationResult estimate) {
    try {
      long free = Files.getFileStore(folder(output)).getUsableSpace();
      long needed = estimate.bytes() + model.headerBytes() + 64L * estimate.tensors();
      if (needed > free) {
        throw new QuantizationException(
            Reason.INSUFFICIENT_DISK,
            output,
            String.format(
                Locale.ROOT,
                "%s: needs %.1f MiB, and %.1f MiB are free on this disk.",
                output,
                needed / 0x1p20,
                free / 0x1p20),
            null);
      }
    } catch (IOException e) {
      throw notWritable(output, e);
    }
  }

  /** Checks that the written file is complete and on the disk; returns the bytes of all its tensors. */
  private static long verified(SourceModel model, Path part) {
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.WRITE)) {
      channel.force(true);
    } catch (ClosedByInterruptException e) {
      throw QuantizationException.cancelled(model.path(), e);
    } catch (IOException e) {
      throw notWritable(part, e);
    }
    GgufFile written;
    try {
      written = GgufFile.read(part);
    } catch (ModelLoadException e) {
      if (interrupted(e)) {
        throw QuantizationException.cancelled(model.path(), e);
      }
      throw new QuantizationException(
          Reason.FAILED, model.path(), model.path() + ": what was written is not sound: " + e.getMessage(), e);
    }
    if (written.tensors().size() != model.tensors().size()) {
      throw new QuantizationException(
          Reason.FAILED,
          model.path(),
          model.path() + ": " + written.tensors().size() + " of " + model.tensors().size() + " tensors were written.",
          null);
    }
    return written.tensors().stream().mapToLong(GgufTensor::byteSize).sum();
  }

  private static void move(Path part, Path output, boolean overwrite) {
    try {
      if (overwrite) {
        // REPLACE_EXISTING deletes the old file first: a failure in between would lose it.
        Files.move(part, output, StandardCopyOption.ATOMIC_MOVE);
      } else {
        Files.move(part, output);
      }
    } catch (FileAlreadyExistsException e) {
      throw exists(output, e);
    } catch (IOException e) {
      throw notWritable(output, e);
    }
  }

  private static void delete(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      System.getLogger(Quantizer.class.getName())
          .log(System.Logger.Level.WARNING, "The unfinished file " + part + " can't be deleted.", e);
    }
  }

  /** Converts llama.cpp's count of tensors to a listener's count of bytes. */
  private static final class Progress {
    private final SourceModel model;
    private final QuantizationListener listener;
    private final long total;
    private long done;
    private long next;

    Progress(SourceModel model, QuantizationListener listener) {
      this.model = model;
      this.listener = listener;
      this.total = model.bytes();
    }

    boolean next(int index, int count, String name) {
      GgufTensor tensor = model.tensors().get(name);
      done += next;
      next = tensor == null ? 0 : tensor.byteSize();
      return listener.progress(new QuantizationProgress(name, index, count, done, total))
          && !Thread.currentThread().isInterrupted();
    }

    void end() {
      int count = model.tensors().size();
      Throwable thrown = null;
      try {
        if (listener.progress(new QuantizationProgress("", count, count, total, total))
            && !Thread.currentThread().isInterrupted()) {
          return;
        }
      } catch (RuntimeException e) {
        thrown = e;
      }
      throw QuantizationException.cancelled(model.path(), thrown);
    }
  }
}
