package io.panallama.models.internal.onnx;

import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufWriter;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Optional;

/**
 * An ONNX file that is a BERT encoder, mapped into memory until it is closed; the file must not change or shrink in the
 * meantime. For one thread.
 */
public final class SourceModel implements AutoCloseable {
  /** What protobuf, and with it ONNX, allows in one file. */
  private static final long LARGEST = Integer.MAX_VALUE;

  private final Arena memory;
  private final BertEncoder encoder;

  /**
   * What neither file says.
   *
   * @param name {@code general.name}
   * @param license {@code general.license}
   * @param poolingType {@code enum llama_pooling_type}
   */
  public record Description(String name, Optional<String> license, int poolingType) {}

  /**
   * A GGUF file that has not been written yet.
   *
   * @param writer writes it while the source is open
   * @param tensors number of tensors
   * @param parameters number of weights
   * @param bytes bytes of its tensors
   */
  public record Output(GgufWriter writer, int tensors, long parameters, long bytes) {}

  private SourceModel(Arena memory, BertEncoder encoder) {
    this.memory = memory;
    this.encoder = encoder;
  }

  /**
   * Maps a file and finds the encoder in it.
   *
   * @throws RefusedSourceException if it is not such a file
   * @throws IOException if it can't be read
   */
  public static SourceModel open(Path file) throws IOException {
    Arena memory = Arena.ofConfined();
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      if (channel.size() > LARGEST) {
        throw RefusedSourceException.unsupported("it has " + channel.size() + " bytes; an ONNX file has 2 GiB at most");
      }
      OnnxGraph graph =
          OnnxReader.read(channel.map(FileChannel.MapMode.READ_ONLY, 0, channel.size(), memory).asByteBuffer());
      return new SourceModel(memory, new BertMatcher(graph).match());
    } catch (IOException | RuntimeException | Error failure) {
      memory.close();
      throw failure;
    }
  }

  /**
   * Prepares the GGUF file.
   *
   * @param tokenizer the model's tokens
   * @param matrices the type of most weights
   * @param fileType {@code general.file_type} for it
   * @throws RefusedSourceException if the tokenizer has another number of tokens
   */
  public Output prepare(Vocabulary tokenizer, Description description, GgufType matrices, int fileType) {
    BertGguf.Prepared prepared = BertGguf.prepare(encoder, tokenizer.wordPieces, description, matrices, fileType);
    return new Output(prepared.writer(), prepared.tensors(), prepared.parameters(), prepared.bytes());
  }

  /** The vocabulary of a {@code tokenizer.json}. */
  public static final class Vocabulary {
    /** Those of models with 250,000 tokens in many scripts have 17 MB. */
    private static final long LARGEST_FILE = 64 << 20;

    private final WordPieceVocabulary wordPieces;

    private Vocabulary(WordPieceVocabulary wordPieces) {
      this.wordPieces = wordPieces;
    }

    /**
     * Reads a {@code tokenizer.json}.
     *
     * @throws RefusedSourceException if it is not one, or of another kind than WordPiece
     * @throws IOException if it can't be read
     */
    public static Vocabulary read(Path file) throws IOException {
      long size = Files.size(file);
      if (size > LARGEST_FILE) {
        throw RefusedSourceException.unsupported(
            "it has " + size + " bytes; a tokenizer.json has " + LARGEST_FILE + " at most");
      }
      return new Vocabulary(WordPieceVocabulary.read(Files.readAllBytes(file)));
    }
  }

  @Override
  public void close() {
    memory.close();
  }
}
