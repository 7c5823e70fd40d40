package io.panallama.cli;

import io.panallama.config.EmbedderConfig;
import io.panallama.request.ChatRequest;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentReader;
import io.panallama.search.DocumentStore;
import io.panallama.search.FolderIndex;
import io.panallama.search.Retriever;
import io.panallama.search.answer.Source;
import io.panallama.search.answer.Sources;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.ingest.IndexReport;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** A folder whose files are searched with each question of a chat. */
final class DocsFolder implements AutoCloseable {
  /** As many passages as {@code search} prints. */
  private static final int PASSAGES = 5;

  private static final int LONGEST_NAME = 40;
  private static final int HASH_BYTES = 4;

  private final LoadedEngine engine;
  private final LoadedEmbedder embedder;
  private final DocumentStore store;
  private final boolean complete;
  private final Retriever retriever;

  private DocsFolder(
      LoadedEngine engine, LoadedEmbedder embedder, DocumentStore store, boolean complete, Retriever retriever) {
    this.engine = engine;
    this.embedder = embedder;
    this.store = store;
    this.complete = complete;
    this.retriever = retriever;
  }

  /**
   * Loads the embedding model, and adds, replaces and removes what has changed in the folder. What it did is a line on standard
   * error.
   *
   * @param engine answers the questions
   */
  static DocsFolder open(
      CommandContext context,
      LoadedEngine engine,
      Path folder,
      NamedModel model,
      EmbedderConfig config,
      CollectionOptions collection) {
    LoadedEmbedder embedder = model.load(context, config);
    try {
      return open(context, engine, folder, model, embedder, collection);
    } catch (Throwable failed) {
      embedder.close();
      throw failed;
    }
  }

  private static DocsFolder open(
      CommandContext context,
      LoadedEngine engine,
      Path folder,
      NamedModel model,
      LoadedEmbedder embedder,
      CollectionOptions collection) {
    DocumentStore store = collection.open();
    try {
      String name = collection.name(nameOf(folder));
      CollectionEmbedder by = new CollectionEmbedder(model.id(), embedder.embedder(), embedder::countTokens);
      IndexReport report = update(context, name, store.openOrCreate(name, by), folder);
      Retriever retriever = Retriever.of(store.open(name, by)).withLimit(PASSAGES);
      return new DocsFolder(engine, embedder, store, report.complete(), retriever);
    } catch (Throwable failed) {
      store.close();
      throw failed;
    }
  }

  /** Closes the collection in the end, so that another process may change it during the chat. */
  private static IndexReport update(CommandContext context, String name, DocumentCollection docs, Path folder) {
    IndexReport report;
    String summary;
    try (docs;
        DocumentReader reader = new DocumentReader();
        IndexBar bar = new IndexBar(context.err(), context.errTerminal());
        StopSignals.Registration _ = context.signals().onStop(bar::stop)) {
      report = new FolderIndex(docs, reader, ChunkConfig.DEFAULT).update(folder, bar);
      summary = bar.summary(name, report);
    }
    context.err().println(summary);
    return report;
  }

  /** The name of a folder's own collection: its last name, and a hash that tells folders of one name apart. */
  private static String nameOf(Path folder) {
    Path absolute = folder.toAbsolutePath().normalize();
    Path last = absolute.getFileName();
    String words = (last == null ? "" : last.toString()).toLowerCase(Locale.ROOT).replaceAll("[^a-z0-9]+", "-");
    String word = words.replaceAll("^-|-$", "");
    String shown = word.isEmpty() ? "folder" : word.substring(0, Math.min(word.length(), LONGEST_NAME));
    try {
      byte[] hash = MessageDigest.getInstance("SHA-256").digest(absolute.toString().getBytes(StandardCharsets.UTF_8));
      return shown + "-" + HexFormat.of().formatHex(hash, 0, HASH_BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("Every Java platform has SHA-256.", impossible);
    }
  }

  /** Whether all files were looked at; Ctrl-C ends that early. */
  boolean isComplete() {
    return complete;
  }

  /**
   * What the folder has on a question, as much as the context has room for.
   *
   * @param request the conversation with the question
   */
  Sources sources(String question, ChatRequest request) {
    List<Source> found = retriever.retrieve(question).stream().map(Source::of).toList();
    if (found.isEmpty()) {
      return Sources.NONE;
    }
    int prompt = engine.generator().countTokens(request);
    int room = Sources.room(engine.sequenceContextSize(), prompt, request.options().maxTokens());
    return Sources.within(room, engine.generator()::countTokens, found);
  }

  @Override
  public void close() {
    try (embedder) {
      store.close();
    }
  }
}
