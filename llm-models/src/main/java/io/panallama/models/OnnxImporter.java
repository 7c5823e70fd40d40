package io.panallama.models;

import io.panallama.Quantizer;
import io.panallama.error.QuantizationException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.ModelPreflight;
import io.panallama.models.ModelImportException.Reason;
import io.panallama.models.internal.onnx.RefusedSourceException;
import io.panallama.models.internal.onnx.SourceModel;
import io.panallama.platform.FileTrouble;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationResult;
import io.panallama.quantize.QuantizationType;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Locale;
import java.util.Set;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/**
 * Converts embedding models of the BERT family from ONNX, as sentence-transformers publishes them, to GGUF.
 *
 * <pre>{@code
 * OnnxImporter.importModel(
 *     Path.of("model.onnx"), Path.of("tokenizer.json"), Path.of("model.gguf"), OnnxImportConfig.DEFAULT);
 * }</pre>
 *
 * <p>The ONNX file must be PyTorch's export of {@code BertModel} in 32-bit floats, with the output {@code
 * last_hidden_state} and all weights inside. What a weight is follows from the operators around it, and every operator
 * is compared with what llama.cpp will compute; a graph that differs is refused. llama.cpp uses an approximation of
 * GELU: with F32 and F16 the cosine of its vectors to those of ONNX Runtime is above 0.99999 on the same tokens.
 *
 * <p>An import runs on the calling thread, takes about a second per 100 MB, maps the ONNX file, and needs little memory
 * beside. Thread-safe.
 */
public final class OnnxImporter {
  /** The types that {@link io.panallama.gguf.GgufWriter} writes as llama.cpp's convert script would. */
  private static final Set<QuantizationType> DIRECT =
      Set.of(QuantizationType.F32, QuantizationType.F16, QuantizationType.BF16);

  private static final int BUFFER = 1 << 20;

  /** Bytes beside the tensors: vocabulary and metadata of the largest tokenizers. */
  private static final long HEADER_BYTES = 32L << 20;

  private OnnxImporter() {}

  /**
   * Imports a model. The output appears under its name once it is complete and checked; until then it is a file {@code
   * NAME.*.part} next to it, which is deleted on failure. The sources must not change in the meantime.
   *
   * @param onnx the model
   * @param tokenizer its {@code tokenizer.json}, with a WordPiece vocabulary
   * @param output the GGUF file to write
   * @throws ModelImportException if the sources can't be imported, or the output not be written
   * @throws QuantizationException if the weights can't be quantised as requested, or the listener stopped it
   * @throws io.panallama.error.NativeLibraryException if they are to be quantised, and llama.cpp's libraries can't be
   *     loaded
   */
  public static OnnxImportResult importModel(Path onnx, Path tokenizer, Path output, OnnxImportConfig config) {
    requireFile(onnx, "the ONNX file, such as model.onnx");
    requireFile(tokenizer, "tokenizer.json");
    checkOutput(output, config.overwrite(), onnx, tokenizer);
    // The graph first: a model of another kind has another kind of tokenizer, too, which would tell less.
    try (SourceModel source = read(onnx, SourceModel::open)) {
      SourceModel.Vocabulary vocabulary = read(tokenizer, SourceModel.Vocabulary::read);
      return write(source, vocabulary, onnx, output, config);
    }
  }

  private static OnnxImportResult write(
      SourceModel source, SourceModel.Vocabulary vocabulary, Path onnx, Path output, OnnxImportConfig config) {
    boolean direct = DIRECT.contains(config.type());
    GgufType matrices = direct ? config.type().tensorType() : GgufType.F32;
    int fileType = direct ? config.type().id() : QuantizationType.F32.id();
    String name = config.name().orElseGet(() -> stem(onnx));
    SourceModel.Description description = new SourceModel.Description(name, config.license(), config.pooling().id());
    SourceModel.Output prepared = read(onnx, _ -> source.prepare(vocabulary, description, matrices, fileType));
    checkSpace(output, prepared.bytes() + HEADER_BYTES);
    // Not one of the JDK's temporary files, which only their owner can read.
    Path part = output.resolveSibling(output.getFileName() + "." + UUID.randomUUID() + ".part");
    try {
      write(prepared, onnx, part, output);
      if (direct) {
        move(part, output, config.overwrite());
        return new OnnxImportResult(name, config.type(), prepared.tensors(), prepared.parameters(), prepared.bytes());
      }
      QuantizationConfig quantization =
          QuantizationConfig.builder(config.type()).overwrite(config.overwrite()).listener(config.listener()).build();
      QuantizationResult result = Quantizer.quantize(part, output, quantization);
      return new OnnxImportResult(name, config.type(), result.tensors(), result.parameters(), result.bytes());
    } finally {
      delete(part);
    }
  }

  private static void write(SourceModel.Output prepared, Path onnx, Path part, Path output) {
    try (FileChannel channel = FileChannel.open(part, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
      OutputStream out = new BufferedOutputStream(Channels.newOutputStream(channel), BUFFER);
      prepared.writer().write(out);
      out.flush();
      channel.force(true);
    } catch (IOException e) {
      throw notWritable(output, e);
    } catch (RefusedSourceException e) {
      throw refused(onnx, e);
    }
    ModelPreflight.check(GgufFile.read(part));
  }

  // ---- sources
  // ----------------------------------------------------------------------------------------------------------

  @FunctionalInterface
  private interface Reading<T> {
    T read(Path file) throws IOException;
  }

  private static void requireFile(Path file, String expected) {
    if (Files.isDirectory(file)) {
      throw new ModelImportException(
          Reason.SOURCE_NOT_READABLE, file, "is a folder; name the file in it: " + expected + ".", null);
    }
    // The end of a pipe or a device may never come.
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new ModelImportException(Reason.SOURCE_NOT_READABLE, file, "is not a regular file.", null);
    }
  }

  private static <T> T read(Path file, Reading<T> reading) {
    try {
      return reading.read(file);
    } catch (IOException e) {
      throw new ModelImportException(Reason.SOURCE_NOT_READABLE, file, "can't be read: " + FileTrouble.reason(e), e);
    } catch (RefusedSourceException e) {
      throw refused(file, e);
    }
  }

  private static ModelImportException refused(Path file, RefusedSourceException cause) {
    Reason reason =
        switch (cause.kind()) {
          case MALFORMED -> Reason.MALFORMED;
          case UNSUPPORTED -> Reason.UNSUPPORTED;
        };
    return new ModelImportException(reason, file, cause.getMessage() + ".", cause);
  }

  private static String stem(Path onnx) {
    String name = String.valueOf(onnx.getFileName());
    return name.toLowerCase(Locale.ROOT).endsWith(".onnx") && name.length() > ".onnx".length()
        ? name.substring(0, name.length() - ".onnx".length())
        : name;
  }

  // ---- the output
  // -------------------------------------------------------------------------------------------------------

  private static void checkOutput(Path output, boolean overwrite, Path... sources) {
    folder(output);
    if (!Files.exists(output, LinkOption.NOFOLLOW_LINKS)) {
      return;
    }
    for (Path source : sources) {
      try {
        if (Files.exists(source) && Files.isSameFile(source, output)) {
          throw new ModelImportException(
              Reason.SAME_FILE, output, "is a source itself; choose another name for the output.", null);
        }
      } catch (IOException e) {
        throw notWritable(output, e);
      }
    }
    if (Files.isDirectory(output)) {
      throw new ModelImportException(Reason.OUTPUT_NOT_WRITABLE, output, "is a directory; name a file in it.", null);
    }
    if (!overwrite) {
      throw exists(output, null);
    }
  }

  private static Path folder(Path output) {
    Path folder = output.toAbsolutePath().getParent();
    if (folder == null || !Files.isDirectory(folder)) {
      throw new ModelImportException(Reason.OUTPUT_NOT_WRITABLE, output, "there is no folder " + folder + ".", null);
    }
    return folder;
  }

  private static void checkSpace(Path output, long needed) {
    try {
      long free = Files.getFileStore(folder(output)).getUsableSpace();
      if (needed > free) {
        throw new ModelImportException(
            Reason.INSUFFICIENT_DISK,
            output,
            String.format(Locale.ROOT, "needs %.1f MiB, and %.1f MiB are free.", needed / 0x1p20, free / 0x1p20),
            null);
      }
    } catch (IOException e) {
      throw notWritable(output, e);
    }
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

  private static ModelImportException exists(Path output, @Nullable Throwable cause) {
    return new ModelImportException(
        Reason.OUTPUT_EXISTS, output, "exists already, and overwriting was not asked for.", cause);
  }

  private static ModelImportException notWritable(Path output, IOException cause) {
    return new ModelImportException(
        Reason.OUTPUT_NOT_WRITABLE, output, "can't be written: " + FileTrouble.reason(cause), cause);
  }

  private static void delete(Path part) {
    try {
      Files.deleteIfExists(part);
    } catch (IOException e) {
      System.getLogger(OnnxImporter.class.getName())
          .log(System.Logger.Level.WARNING, "The unfinished file " + part + " can't be deleted.", e);
    }
  }
}
