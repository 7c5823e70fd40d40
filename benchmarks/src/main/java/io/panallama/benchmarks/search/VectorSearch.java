package io.panallama.benchmarks.search;

import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentStore;
import io.panallama.search.document.CollectionInfo;
import io.panallama.search.document.Document;
import io.panallama.search.document.VectorDocument;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.IntStream;

/** A collection of random vectors: how fast it takes them, and how fast and how well it finds them. Not thread-safe. */
public final class VectorSearch implements AutoCloseable {
  /** Passages that a query asks for. */
  public static final int K = 10;

  private final UnitVectors source;
  private final Random random;
  private final float[][] vectors;
  private final int batch;
  private final DocumentStore store;
  private final DocumentCollection collection;

  /**
   * Draws the vectors and makes an empty collection.
   *
   * @param count vectors to be stored
   * @param batch how many a call stores, and so a commit
   * @param folder an empty folder
   */
  public VectorSearch(int count, int dimensions, int clusters, int batch, long seed, Path folder) {
    source = new UnitVectors(clusters, dimensions, seed);
    random = new Random(seed + 1);
    vectors = draw(count);
    this.batch = batch;
    store = DocumentStore.open(folder);
    GivenVectors given = new GivenVectors(dimensions);
    collection = store.create("vectors", new CollectionEmbedder("random", given, String::length));
  }

  private float[][] draw(int count) {
    float[][] drawn = new float[count][];
    for (int i = 0; i < count; i++) {
      drawn[i] = source.next(random);
    }
    return drawn;
  }

  /** Stores all vectors; returns how many a second. */
  public double ingest() {
    return ingest(vectors, "");
  }

  private double ingest(float[][] of, String prefix) {
    long begin = System.nanoTime();
    for (int from = 0; from < of.length; from += batch) {
      List<VectorDocument> documents = new ArrayList<>();
      for (int i = from; i < Math.min(of.length, from + batch); i++) {
        documents.add(new VectorDocument(Document.of(prefix + i, "Number " + i + "."), of[i]));
      }
      collection.upsertVectors(documents);
    }
    return of.length * 1e9 / (System.nanoTime() - begin);
  }

  /** Merges all into one graph; returns the seconds that it takes. */
  public double compact() {
    long begin = System.nanoTime();
    collection.compact();
    return (System.nanoTime() - begin) / 1e9;
  }

  /** Queries that were not stored. */
  public float[][] queries(int count) {
    return draw(count);
  }

  /** The share of the nearest {@value #K} that searches find, compared with all vectors. */
  public double recall(float[][] queries) {
    long found =
        IntStream.range(0, queries.length)
            .parallel()
            .mapToLong(i -> {
              Set<String> ids = new HashSet<>(search(queries[i]));
              return UnitVectors.nearest(vectors, queries[i], K).stream()
                  .filter(each -> ids.contains(each.toString()))
                  .count();
            })
            .sum();
    return (double) found / ((long) queries.length * K);
  }

  /** The milliseconds of each query, one after the other. */
  public List<Double> time(float[][] queries) {
    List<Double> milliseconds = new ArrayList<>();
    for (float[] query : queries) {
      milliseconds.add(milliseconds(query));
    }
    return milliseconds;
  }

  private double milliseconds(float[] query) {
    long begin = System.nanoTime();
    search(query);
    return (System.nanoTime() - begin) / 1e6;
  }

  private List<String> search(float[] query) {
    SearchRequest request = SearchRequest.builder().mode(SearchMode.VECTOR).vector(query).limit(K).build();
    return collection.search(request).stream().map(Passage::document).toList();
  }

  /**
   * What happens at the same time.
   *
   * @param vectorsPerSecond how fast more vectors are stored
   * @param milliseconds of the queries meanwhile
   */
  public record Both(double vectorsPerSecond, List<Double> milliseconds) {}

  /** Stores more vectors while another thread searches. */
  public Both ingestWhileSearching(int more, float[][] queries) throws InterruptedException {
    float[][] further = draw(more);
    List<Double> milliseconds = new ArrayList<>();
    AtomicBoolean done = new AtomicBoolean();
    Thread searching =
        Thread.ofPlatform()
            .start(() -> {
              for (int i = 0; !done.get(); i++) {
                milliseconds.add(milliseconds(queries[i % queries.length]));
              }
            });
    double rate;
    try {
      rate = ingest(further, "more");
    } finally {
      done.set(true);
      searching.join();
    }
    return new Both(rate, milliseconds);
  }

  /** The collection in numbers. */
  public CollectionInfo info() {
    return collection.info();
  }

  @Override
  public void close() {
    store.close();
  }
}
