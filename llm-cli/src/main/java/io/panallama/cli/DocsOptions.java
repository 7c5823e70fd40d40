package io.panallama.cli;

import java.nio.file.Files;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** The folder that the answers of {@code chat} rest on. */
final class DocsOptions {
  @Option(
      names = "--docs",
      paramLabel = "FOLDER",
      description =
          "Answer from the files of a folder, which are made searchable as by index, and name the sources of each"
              + " answer. Default: none.")
  private @Nullable Path folder;

  @Option(
      names = "--embedding-model",
      paramLabel = "FILE|NAME",
      description = "The embedding model for --docs: a GGUF file, or a model that pull fetches. Default: minilm.")
  private String model = SearchCommand.DEFAULT_MODEL;

  @Mixin private CollectionOptions collection = new CollectionOptions();
  @Mixin private EmbedderOptions embedder = new EmbedderOptions();

  /**
   * Checks the folder, which saves the load of a large model in vain.
   *
   * @throws UsageException if it is none
   */
  void check() {
    if (folder != null && !Files.isDirectory(folder)) {
      throw new UsageException("--docs is " + folder + ", which is no folder; it must be the folder with the files.");
    }
  }

  /**
   * Loads the embedding model and brings the collection up to date with the folder.
   *
   * @param engine answers the questions
   * @return null if no folder was given
   */
  @Nullable DocsFolder open(CommandContext context, LoadedEngine engine) {
    return folder == null
        ? null
        : DocsFolder.open(context, engine, folder, new NamedModel(model), embedder.config(), collection);
  }
}
