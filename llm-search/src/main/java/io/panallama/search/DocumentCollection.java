package io.panallama.search;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.EmbeddingTask;
import io.panallama.embedding.LongText;
import io.panallama.platform.FileTrouble;
import io.panallama.search.document.CollectionInfo;
import io.panallama.search.document.Document;
import io.panallama.search.document.DocumentSummary;
import io.panallama.search.document.VectorDocument;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.search.internal.lucene.CollectionIndex;
import io.panallama.search.internal.lucene.NewPassage;
import io.panallama.search.internal.rank.Ranking;
import io.panallama.search.internal.rank.UnitVectors;
import io.panallama.search.internal.text.Chunk;
import io.panallama.search.internal.text.Chunker;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Stream;

/**
 * Documents that are stored and searched.
 *
 * <p>A change returns once it is durable: committed and written to the disk, so that it survives a crash of the process and of
 * the machine. It is visible to the searches that begin then. Changes of many threads share commits; each waits for one commit in
 * progress and its own. A call that changes several documents makes all of the change or nothing.
 *
 * <p>Lifetime: from {@link DocumentStore#open} to {@link #close} of the collection or the store. Thread-safe; searches go on while
 * documents are changed.
 */
public final class DocumentCollection implements AutoCloseable {
  /** Texts that are given to the embedder at once. */
  private static final int TOGETHER = 256;

  /** Room for the tokens that a model puts around a text. */
  private static final int FRAME = 4;

  private final String name;
  private final CollectionIndex index;
  private final CollectionEmbedder embedder;
  private volatile boolean closed;

  DocumentCollection(String name, CollectionIndex index, CollectionEmbedder embedder) {
    this.name = name;
    this.index = index;
    this.embedder = embedder;
  }

  CollectionIndex index() {
    return index;
  }

  boolean hasEmbedder() {
    return !(embedder.embedder() instanceof NoEmbedder);
  }

  boolean isClosed() {
    return closed;
  }

  /** What it is called. */
  public String name() {
    return name;
  }

  // ---- changes ----

  /** Takes the lock that the first change takes, so that what is read from now on is not changed by other processes. */
  void lock() {
    requireOpen();
    index.lock();
  }

  /** Stores a document with {@link ChunkConfig#DEFAULT}; see {@link #upsert(List, ChunkConfig)}. */
  public void upsert(Document document) {
    upsert(List.of(document), ChunkConfig.DEFAULT);
  }

  /** Stores documents with {@link ChunkConfig#DEFAULT}; see {@link #upsert(List, ChunkConfig)}. */
  public void upsert(List<Document> documents) {
    upsert(documents, ChunkConfig.DEFAULT);
  }

  /**
   * Divides documents into passages, embeds these with their titles and headings, and stores them. A document replaces the one
   * with its id.
   *
   * @param documents may be empty; no two have the same id
   * @throws SearchException with {@link Reason#INVALID_DOCUMENT}, {@link Reason#LOCKED}, {@link Reason#DISK_FULL}, {@link
   *     Reason#INTERRUPTED}, or others that happen to files
   * @throws io.panallama.error.PanallamaException what the embedder throws
   * @throws IllegalStateException if the collection is closed
   */
  public void upsert(List<Document> documents, ChunkConfig chunks) {
    store(passages(documents, chunks));
  }

  /**
   * The passages of documents, which {@link #store} stores.
   *
   * @throws SearchException with {@link Reason#INTERRUPTED} if the thread is interrupted, which is kept; otherwise as {@link
   *     #upsert(List, ChunkConfig)}
   */
  List<List<NewPassage>> passages(List<Document> documents, ChunkConfig chunks) {
    requireOpen();
    requireDistinct(documents.stream().map(Document::id));
    Chunker chunker = chunker(chunks);
    List<List<Chunk>> divided = documents.stream().map(chunker::chunks).toList();
    List<String> texts = new ArrayList<>();
    for (int i = 0; i < documents.size(); i++) {
      for (Chunk chunk : divided.get(i)) {
        texts.add(chunk.context() + documents.get(i).text().substring(chunk.start(), chunk.end()));
      }
    }
    List<float[]> vectors = vectors(texts);
    List<List<NewPassage>> all = new ArrayList<>();
    int next = 0;
    for (int i = 0; i < documents.size(); i++) {
      List<NewPassage> passages = new ArrayList<>();
      for (Chunk chunk : divided.get(i)) {
        float[] vector =
            UnitVectors.of("A passage of document " + documents.get(i).id(), vectors.get(next++), dimensions());
        passages.add(
            new NewPassage(
                documents.get(i),
                passages.size(),
                chunk.headings(),
                chunk.firstPage(),
                chunk.lastPage(),
                chunk.start(),
                chunk.end(),
                vector));
      }
      all.add(passages);
    }
    return all;
  }

  private Chunker chunker(ChunkConfig chunks) {
    int most = Math.min(chunks.maxTokens(), embedder.embedder().maxTokens() - FRAME);
    int max = Math.max(ChunkConfig.MIN_TOKENS, most);
    return new Chunker(this::count, max, Math.min(chunks.overlapTokens(), max / 2));
  }

  /** Counting is what takes long while a text is divided. */
  private int count(String text) {
    requireNoInterrupt();
    return embedder.tokens().count(text);
  }

  private static void requireNoInterrupt() {
    if (Thread.currentThread().isInterrupted()) {
      throw new SearchException(
          Reason.INTERRUPTED, "The thread was interrupted while documents were divided and embedded.");
    }
  }

  private List<float[]> vectors(List<String> texts) {
    // Chunks fit, but for a prefix that the model wants and this does not know of.
    EmbeddingOptions options =
        EmbeddingOptions.builder().task(EmbeddingTask.DOCUMENT).longText(LongText.MEAN_OF_PARTS).build();
    List<float[]> vectors = new ArrayList<>();
    for (int i = 0; i < texts.size(); i += TOGETHER) {
      requireNoInterrupt();
      List<String> together = texts.subList(i, Math.min(texts.size(), i + TOGETHER));
      embedder.embedder().embed(together, options).stream().map(Embedding::vector).forEach(vectors::add);
    }
    return vectors;
  }

  /**
   * Stores documents with vectors that were computed elsewhere, each as one passage. A document replaces the one with its id.
   *
   * @throws SearchException with {@link Reason#WRONG_DIMENSIONS} or {@link Reason#INVALID_VECTOR}, and as {@link
   *     #upsert(List, ChunkConfig)}
   */
  public void upsertVectors(List<VectorDocument> documents) {
    requireOpen();
    requireDistinct(documents.stream().map(each -> each.document().id()));
    List<List<NewPassage>> all = new ArrayList<>();
    for (VectorDocument each : documents) {
      Document document = each.document();
      float[] vector = UnitVectors.of("The vector of document " + document.id(), each.vector(), dimensions());
      all.add(List.of(new NewPassage(document, 0, List.of(), 0, 0, 0, document.text().length(), vector)));
    }
    store(all);
  }

  private static void requireDistinct(Stream<String> ids) {
    Set<String> seen = new HashSet<>();
    ids.forEach(id -> {
      if (!seen.add(id)) {
        throw new SearchException(Reason.INVALID_DOCUMENT, "Two documents of one call have the id " + id + ".");
      }
    });
  }

  /** Stores documents in one change, each with its {@link #passages}. */
  void store(List<List<NewPassage>> documents) {
    requireOpen();
    if (!documents.isEmpty()) {
      index.upsert(documents);
    }
  }

  /** Removes documents; ids that are not there are ignored. */
  public void delete(List<String> ids) {
    requireOpen();
    if (!ids.isEmpty()) {
      index.delete(ids);
    }
  }

  /** Removes the documents that a filter matches. */
  public void delete(Filter filter) {
    requireOpen();
    index.delete(filter);
  }

  /**
   * Merges the files of the index into one set, so that searches by vectors go through one graph instead of several: at 100,000
   * passages they take a fraction of the time then. Takes about as long as storing all vectors did, on a thread of its own, while
   * searches and changes go on; worth it after many changes. Repeating it costs next to nothing.
   *
   * @throws SearchException with {@link Reason#LOCKED} if another process writes to the collection; {@link Reason#INTERRUPTED} if
   *     the thread is interrupted, but the merge goes on
   */
  public void compact() {
    requireOpen();
    index.compact(1, 2);
  }

  /**
   * {@linkplain #compact Compacts} the collection if it has at least {@code parts} parts, and the largest of these has less than
   * nine tenths of all passages: few changes are no reason to copy all.
   *
   * @param parts the more of them, the longer a search takes
   * @return whether it did
   */
  public boolean compactIfScattered(int parts) {
    requireOpen();
    return index.compact(0.9, parts);
  }

  // ---- searches ----

  /**
   * Finds passages, best first.
   *
   * @throws SearchException with {@link Reason#WRONG_DIMENSIONS} or {@link Reason#INVALID_VECTOR} for the vector of the request,
   *     {@link Reason#RANKER_FAILED}, or what happens to files
   * @throws io.panallama.error.PanallamaException what the embedder throws
   * @throws IllegalStateException if the collection is closed
   */
  public List<Passage> search(SearchRequest request) {
    requireOpen();
    float[] vector = request.mode() == SearchMode.BM25 ? null : vector(request);
    String text = request.mode() == SearchMode.VECTOR ? null : request.text();
    int limit = request.ranker().isPresent() ? request.candidates() : request.limit();
    List<Passage> found =
        index.search(vector, text, request.filter(), request.candidates(), limit, request.vectorWeight());
    return request.ranker().map(ranker -> Ranking.by(ranker, request.text(), found, request.limit())).orElse(found);
  }

  private float[] vector(SearchRequest request) {
    Optional<float[]> given = request.vector();
    if (given.isPresent()) {
      return UnitVectors.of("The query's vector", given.get(), dimensions());
    }
    EmbeddingOptions options =
        EmbeddingOptions.builder().task(EmbeddingTask.QUERY).longText(LongText.MEAN_OF_PARTS).build();
    float[] vector = embedder.embedder().embed(List.of(request.text()), options).getFirst().vector();
    return UnitVectors.of("The query's vector", vector, dimensions());
  }

  /** The passages of a document, in their order; none if there is no such document. */
  public List<Passage> passages(String id) {
    requireOpen();
    return index.passages(id);
  }

  /** All documents without their texts, in no particular order. */
  public List<DocumentSummary> documents() {
    requireOpen();
    return index.documents(Optional.empty());
  }

  /** The documents that a filter matches, without their texts, in no particular order. */
  public List<DocumentSummary> documents(Filter filter) {
    requireOpen();
    return index.documents(Optional.of(filter));
  }

  /** The collection in numbers. */
  public CollectionInfo info() {
    requireOpen();
    return info(name, index);
  }

  static CollectionInfo info(String name, CollectionIndex index) {
    return new CollectionInfo(
        name, index.model(), index.dimensions(), index.documentCount(), index.passageCount(), index.sizeBytes());
  }

  private int dimensions() {
    return index.dimensions();
  }

  // ---- copies ----

  /**
   * Copies what is acknowledged to a folder, while searches and changes go on. {@link DocumentStore#restore} makes a collection
   * of it.
   *
   * @param folder made if it does not exist; must be empty
   * @throws SearchException with {@link Reason#LOCKED} if another process writes to the collection; {@link Reason#STORAGE} if the
   *     folder is not empty or can't be written
   */
  public void snapshot(Path folder) {
    requireOpen();
    try {
      Files.createDirectories(folder);
      try (Stream<Path> entries = Files.list(folder)) {
        if (entries.findAny().isPresent()) {
          throw new SearchException(
              Reason.STORAGE, "The folder " + folder + " is not empty; a snapshot needs its own.");
        }
      }
    } catch (IOException failure) {
      throw new SearchException(
          Reason.STORAGE, "The folder " + folder + " can't be made: " + FileTrouble.reason(failure), failure);
    }
    index.snapshot(folder);
  }

  private void requireOpen() {
    if (closed) {
      throw new IllegalStateException("Collection " + name + " is closed.");
    }
  }

  /** Waits for the changes that were begun, and releases the lock. Repeating it is harmless. */
  @Override
  public synchronized void close() {
    if (!closed) {
      closed = true;
      index.close();
    }
  }
}
