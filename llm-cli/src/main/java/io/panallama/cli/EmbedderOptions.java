package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.embedding.Pooling;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** How a model embeds. */
final class EmbedderOptions {
  @Option(
      names = "--pooling",
      paramLabel = "model|mean|cls|last|none",
      converter = Poolings.class,
      description =
          "How the vectors of an embedding model's tokens become one; with none, each token keeps its own. Default:"
              + " model, what its file says.")
  private Pooling pooling = Pooling.MODEL;

  @Option(
      names = "--query-prefix",
      paramLabel = "TEXT",
      description = "What an embedding model expects in front of a question, such as 'query: '. Default: nothing.")
  private @Nullable String queryPrefix;

  @Option(
      names = "--document-prefix",
      paramLabel = "TEXT",
      description = "What an embedding model expects in front of a document, such as 'passage: '. Default: nothing.")
  private @Nullable String documentPrefix;

  /** The configuration that these options request. */
  EmbedderConfig config() {
    EmbedderConfig.Builder config = EmbedderConfig.builder().pooling(pooling);
    if (queryPrefix != null) {
      config.queryPrefix(queryPrefix);
    }
    if (documentPrefix != null) {
      config.documentPrefix(documentPrefix);
    }
    return config.build();
  }

  static final class Poolings extends Words<Pooling> {
    Poolings() {
      super(Pooling.class);
    }
  }
}
