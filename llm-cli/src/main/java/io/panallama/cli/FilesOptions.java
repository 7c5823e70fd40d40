package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.platform.DataFolder;
import io.panallama.search.CollectionEmbedder;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.LibraryLimits;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Where {@code serve} keeps uploaded files and vector stores, and how much. */
final class FilesOptions {
  @Option(
      names = "--files",
      paramLabel = "FOLDER",
      description =
          "Where uploaded files and vector stores are kept, which --embedding-model is needed for; one server at a time"
              + " uses it. Default: files in Panallama's folder for data.")
  private @Nullable Path folder;

  @Option(
      names = "--no-files",
      description =
          "Take no files: /v1/files, /v1/uploads and /v1/vector_stores are answered with 501. Default: files are"
              + " taken.")
  private boolean off;

  @Option(
      names = "--max-file-size",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "Largest file that can be uploaded, at most 1G; a larger one gets 413. Default: 64M.")
  private long maxFileSize = LibraryLimits.DEFAULT.maxFileBytes();

  @Option(
      names = "--max-files-size",
      paramLabel = "SIZE",
      converter = Size.class,
      description = "Most bytes of all uploaded files together; beyond it, an upload gets 507. Default: 4G.")
  private long maxFilesSize = LibraryLimits.DEFAULT.maxTotalBytes();

  /**
   * The limits that the options request.
   *
   * @throws UsageException if one is out of its range
   */
  LibraryLimits limits() {
    if (maxFilesSize < 1) {
      throw new UsageException("--max-files-size is 0; it must be at least 1K. --no-files takes no files.");
    }
    long most = Math.min(LibraryLimits.MOST_FILE_BYTES, maxFilesSize);
    if (maxFileSize < 1 || maxFileSize > most) {
      throw new UsageException(
          "--max-file-size is "
              + Printable.bytes(maxFileSize)
              + "; it must be at most "
              + Printable.bytes(most)
              + " (--max-files-size is "
              + Printable.bytes(maxFilesSize)
              + ").");
    }
    return new LibraryLimits(maxFileSize, maxFilesSize);
  }

  /**
   * Opens what is kept; empty if no files are taken.
   *
   * @param model the embedding model's name
   * @param config how it embeds, without which its vectors can't be compared either
   * @throws io.panallama.server.documents.LibraryException if another server uses the folder, or it can't be used
   */
  Optional<DocumentLibrary> open(CommandContext context, String model, EmbedderConfig config, LoadedEmbedder embedder) {
    if (off) {
      return Optional.empty();
    }
    if (!embedder.embedder().pools()) {
      context.warn("With --pooling none there are no vectors of texts, so no files are taken.");
      return Optional.empty();
    }
    CollectionEmbedder vectors =
        new CollectionEmbedder(model + difference(config), embedder.embedder(), embedder::countTokens);
    return Optional.of(DocumentLibrary.open(folder(), vectors, limits()));
  }

  private Path folder() {
    return folder == null ? DataFolder.root().resolve("files") : folder;
  }

  /** What makes the vectors of one model different from its usual ones. */
  private static String difference(EmbedderConfig config) {
    EmbedderConfig usual = EmbedderConfig.defaults();
    String pooling = config.pooling() == usual.pooling() ? "" : " pooling " + config.pooling();
    boolean prefixes =
        !config.queryPrefix().equals(usual.queryPrefix()) || !config.documentPrefix().equals(usual.documentPrefix());
    return pooling
        + (prefixes
            ? " prefixes '" + config.queryPrefix().orElse("") + "' '" + config.documentPrefix().orElse("") + "'"
            : "");
  }
}
