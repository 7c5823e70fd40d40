package io.panallama.cli;

import io.panallama.platform.DataFolder;
import io.panallama.search.DocumentStore;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which collection of documents is meant. */
final class CollectionOptions {
  @Option(names = "--collection", paramLabel = "NAME", description = "The collection of documents. Default: docs.")
  private String name = "docs";

  @Option(
      names = "--store",
      paramLabel = "FOLDER",
      description = "Where collections are kept. Default: search in Panallama's folder for data.")
  private @Nullable Path store;

  String name() {
    return name;
  }

  /** Opens the store, which is made if it does not exist. */
  DocumentStore open() {
    return DocumentStore.open(store == null ? DataFolder.root().resolve("search") : store);
  }
}
