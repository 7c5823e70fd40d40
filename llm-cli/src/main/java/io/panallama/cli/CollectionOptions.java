package io.panallama.cli;

import io.panallama.platform.DataFolder;
import io.panallama.search.DocumentStore;
import java.nio.file.Path;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which collection of documents is meant. */
final class CollectionOptions {
  @Option(
      names = "--collection",
      paramLabel = "NAME",
      description = "The collection of documents. Default: docs; for chat --docs, one of the folder's own.")
  private @Nullable String name;

  @Option(
      names = "--store",
      paramLabel = "FOLDER",
      description = "Where collections are kept. Default: search in Panallama's folder for data.")
  private @Nullable Path store;

  /** The name that was given, or the one of {@code index} and {@code search}. */
  String name() {
    return name("docs");
  }

  /** The name that was given, or another one. */
  String name(String otherwise) {
    return name == null ? otherwise : name;
  }

  /** Opens the store, which is made if it does not exist. */
  DocumentStore open() {
    return DocumentStore.open(store == null ? DataFolder.root().resolve("search") : store);
  }
}
