package io.panallama.testkit;

import io.panallama.error.ModelLoadException.Reason;
import io.panallama.gguf.GgufFile;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Locale;

/** Files that are no models, one for each way in which people get them. */
public enum BrokenModels {
  /** A path where nothing is. */
  MISSING(Reason.NOT_FOUND),
  /** A folder. */
  DIRECTORY(Reason.NOT_A_FILE),
  /** No bytes: a download that never began. */
  EMPTY(Reason.EMPTY),
  /** An HTML page or a Git LFS pointer under the name of a model. */
  TEXT(Reason.NOT_GGUF),
  /** The first hundred bytes of a model. */
  TRUNCATED_HEADER(Reason.TRUNCATED),
  /** A model without its last kilobyte. */
  TRUNCATED_DATA(Reason.TRUNCATED),
  /** GGUF version 99. */
  WRONG_VERSION(Reason.UNSUPPORTED_FORMAT),
  /** An architecture that llama.cpp does not know. */
  UNKNOWN_ARCHITECTURE(Reason.UNSUPPORTED_ARCHITECTURE),
  /** Two tokens with the same text, on which llama.cpp aborts. */
  DUPLICATE_TOKEN(Reason.CORRUPT),
  /** A tokenizer without weights. */
  VOCABULARY_ONLY(Reason.VOCABULARY_ONLY);

  private static final int VERSION_AT = 4;

  private final Reason reason;

  BrokenModels(Reason reason) {
    this.reason = reason;
  }

  /** Why loading it must be refused. */
  public Reason reason() {
    return reason;
  }

  /** Makes the file in a folder and returns its path. */
  public Path create(Path folder) {
    Path path = folder.resolve(name().toLowerCase(Locale.ROOT) + ".gguf");
    try {
      switch (this) {
        case MISSING -> {}
        case DIRECTORY -> Files.createDirectory(path);
        case EMPTY -> Files.createFile(path);
        case TEXT -> Files.writeString(path, "version https://git-lfs.github.com/spec/v1\n");
        case TRUNCATED_HEADER -> {
          byte[] model = Files.readAllBytes(TinyModels.write(path));
          Files.write(path, Arrays.copyOf(model, 100));
        }
        case TRUNCATED_DATA -> {
          byte[] model = Files.readAllBytes(TinyModels.write(path));
          Files.write(path, Arrays.copyOf(model, model.length - 1024));
        }
        case WRONG_VERSION -> {
          byte[] model = Files.readAllBytes(TinyModels.write(path));
          model[VERSION_AT] = 99;
          Files.write(path, model);
        }
        case UNKNOWN_ARCHITECTURE ->
            TinyModels.write(path, TinyModels.writer(TinySpec.defaults()).put("general.architecture", "llamma"));
        case DUPLICATE_TOKEN -> {
          TinySpec spec = TinySpec.defaults();
          ArrayList<String> tokens =
              new ArrayList<>(
                  GgufFile.read(TinyModels.write(path, spec)).array("tokenizer.ggml.tokens").orElseThrow().strings());
          tokens.set(300, tokens.get(301));
          TinyModels.write(path, TinyModels.writer(spec).put("tokenizer.ggml.tokens", tokens));
        }
        case VOCABULARY_ONLY -> TinyModels.write(path, TinyModels.vocabularyWriter(TinySpec.defaults()));
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return path;
  }
}
