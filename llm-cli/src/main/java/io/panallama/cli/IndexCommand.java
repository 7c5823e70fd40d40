package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentReader;
import io.panallama.search.DocumentStore;
import io.panallama.search.FolderIndex;
import io.panallama.search.document.CollectionInfo;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.ingest.IndexReport;
import java.nio.file.Path;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama index}: makes the files of a folder searchable. */
@Command(
    name = "index",
    description = {
      "Make the files of a folder searchable: Markdown, HTML, PDF and plain text.",
      "Again, it looks at what has changed only, and removes the files that are gone."
    },
    customSynopsis = {
      "panallama index [OPTIONS] FOLDER",
      "       panallama index --list",
      "       panallama index --drop NAME"
    })
final class IndexCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(arity = "0..1", paramLabel = "FOLDER", description = "The folder.")
  private @Nullable Path folder;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE|NAME",
      description = "The embedding model: a GGUF file, or a model that pull fetches. Default: minilm.")
  private String model = SearchCommand.DEFAULT_MODEL;

  @Option(names = "--chunk-tokens", paramLabel = "N", description = "Most tokens of a passage. Default: 256.")
  private int chunkTokens = ChunkConfig.DEFAULT.maxTokens();

  @Option(
      names = "--chunk-overlap",
      paramLabel = "N",
      description = "Most tokens that a passage repeats of the one before it. Default: an eighth of --chunk-tokens.")
  private @Nullable Integer chunkOverlap;

  @Option(names = "--list", description = "List the collections.")
  private boolean list;

  @Option(
      names = "--drop",
      paramLabel = "NAME",
      description = "Remove a collection with all its documents. Default: none.")
  private @Nullable String drop;

  @Mixin private CollectionOptions collection = new CollectionOptions();
  @Mixin private EmbedderOptions embedder = new EmbedderOptions();
  @Mixin private BackendOption backend = new BackendOption();

  IndexCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if ((list ? 1 : 0) + (drop == null ? 0 : 1) + (folder == null ? 0 : 1) > 1) {
      throw new UsageException("A folder, --list and --drop are three different commands; give one of them.");
    }
    try (DocumentStore store = collection.open()) {
      if (list) {
        store.list().forEach(name -> print(store.info(name)));
        return ExitCode.OK;
      }
      if (drop != null) {
        store.drop(drop);
        return ExitCode.OK;
      }
      return index(store);
    }
  }

  private void print(CollectionInfo info) {
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%-20s %,8d documents %,9d passages %10s  %s",
                info.name(),
                info.documents(),
                info.passages(),
                Printable.bytes(info.sizeBytes()),
                Printable.line(info.model())));
  }

  private int index(DocumentStore store) {
    if (folder == null) {
      throw new UsageException(
          "A folder is needed: panallama index FOLDER; panallama index --list shows what there is.");
    }
    ChunkConfig chunks =
        new ChunkConfig(chunkTokens, chunkOverlap == null ? Math.max(0, chunkTokens / 8) : chunkOverlap);
    EmbedderConfig config = embedder.config();
    backend.select(context.inference());
    NamedModel named = new NamedModel(model);
    IndexReport report;
    String summary;
    try (LoadedEmbedder loaded = named.load(context, config);
        DocumentReader reader = new DocumentReader();
        IndexBar bar = new IndexBar(context.err(), context.errTerminal());
        StopSignals.Registration _ = context.signals().onStop(bar::stop)) {
      DocumentCollection docs =
          store.openOrCreate(
              collection.name(), new CollectionEmbedder(named.id(), loaded.embedder(), loaded::countTokens));
      report = new FolderIndex(docs, reader, chunks).update(folder, bar);
      summary = bar.summary(collection.name(), report);
      docs.close();
    }
    context.out().println(summary);
    if (!report.complete()) {
      return ExitCode.INTERRUPTED;
    }
    return report.failed() > 0 ? ExitCode.FAILURE : ExitCode.OK;
  }
}
