package io.panallama.search.internal.lucene;

import io.panallama.search.document.DocumentSummary;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.internal.rank.ConvexFusion;
import io.panallama.search.internal.rank.ConvexFusion.Scored;
import io.panallama.search.query.Filter;
import io.panallama.search.query.Passage;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.DoubleUnaryOperator;
import org.apache.lucene.document.DocumentStoredFieldVisitor;
import org.apache.lucene.index.FieldInfo;
import org.apache.lucene.index.FloatVectorValues;
import org.apache.lucene.index.IndexFileNames;
import org.apache.lucene.index.IndexWriter;
import org.apache.lucene.index.KnnVectorValues;
import org.apache.lucene.index.LeafReaderContext;
import org.apache.lucene.index.ReaderUtil;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.index.StoredFields;
import org.apache.lucene.index.Term;
import org.apache.lucene.search.BooleanClause.Occur;
import org.apache.lucene.search.BooleanQuery;
import org.apache.lucene.search.IndexSearcher;
import org.apache.lucene.search.KnnFloatVectorQuery;
import org.apache.lucene.search.MatchAllDocsQuery;
import org.apache.lucene.search.Query;
import org.apache.lucene.search.ScoreDoc;
import org.apache.lucene.search.Sort;
import org.apache.lucene.search.TermQuery;
import org.apache.lucene.store.Directory;
import org.apache.lucene.store.Lock;
import org.apache.lucene.store.MMapDirectory;
import org.apache.lucene.util.VectorUtil;
import org.jspecify.annotations.Nullable;

/**
 * The index of a collection. Reading needs no lock; the first change takes that of the index, until this is closed.
 * Thread-safe.
 */
public final class CollectionIndex implements AutoCloseable {
  /** The most dimensions of a vector. */
  public static final int MAX_DIMENSIONS = WideVectors.MAX_DIMENSIONS;

  private static final String FORMAT = "panallama.format";
  private static final String FORMAT_NOW = "1";
  private static final String MODEL = "panallama.model";
  private static final String DIMENSIONS = "panallama.dimensions";

  private final String what;
  private final Directory directory;
  private final String model;
  private final int dimensions;
  private final Words words = new Words();
  private final Searchers searchers;
  private final IndexTarget target;
  private final GroupCommit commits;

  private CollectionIndex(String what, Directory directory) throws IOException {
    this.what = what;
    this.directory = directory;
    Map<String, String> facts = SegmentInfos.readLatestCommit(directory).getUserData();
    if (!FORMAT_NOW.equals(facts.get(FORMAT))) {
      throw new SearchException(
          Reason.CORRUPTED,
          what
              + " is no index of this version of Panallama: its format is "
              + facts.get(FORMAT)
              + ", not "
              + FORMAT_NOW
              + ".");
    }
    model = facts.getOrDefault(MODEL, "");
    dimensions = Integer.parseInt(facts.getOrDefault(DIMENSIONS, "0"));
    searchers = new Searchers(directory);
    target = new IndexTarget(directory, what, words);
    target.attach(searchers);
    commits = new GroupCommit("panallama-search-commits", target);
  }

  /**
   * Makes an empty index in a folder.
   *
   * @param what the thing that messages are about
   * @throws SearchException if it can't be written
   */
  public static void create(String what, Path folder, String model, int dimensions) {
    try (Directory directory = new MMapDirectory(folder);
        Words words = new Words()) {
      Map<String, String> facts = Map.of(FORMAT, FORMAT_NOW, MODEL, model, DIMENSIONS, Integer.toString(dimensions));
      if (!IndexTarget.create(directory, words, facts)) {
        throw new SearchException(Reason.COLLECTION_EXISTS, what + " exists already; drop it first.");
      }
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
  }

  /**
   * Opens the index in a folder.
   *
   * @throws SearchException if it is damaged or can't be read
   */
  public static CollectionIndex open(String what, Path folder) {
    try {
      return open(what, new MMapDirectory(folder));
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
  }

  /** Opens the index in a directory, which is closed with it. */
  static CollectionIndex open(String what, Directory directory) {
    try {
      return new CollectionIndex(what, directory);
    } catch (IOException | RuntimeException failure) {
      try {
        directory.close();
      } catch (IOException second) {
        failure.addSuppressed(second);
      }
      throw StorageErrors.of(what, failure);
    }
  }

  /** Whether a folder has an index, whole or not. */
  public static boolean isIn(Path folder) {
    try (Directory directory = new MMapDirectory(folder)) {
      return SegmentInfos.getLastCommitGeneration(directory) >= 0;
    } catch (IOException unreadable) {
      return false;
    }
  }

  /**
   * Removes the index in a folder, and the folder if nothing else is in it.
   *
   * @throws SearchException if it is locked, or files can't be removed
   */
  public static void drop(String what, Path folder) {
    try (Directory directory = new MMapDirectory(folder);
        Lock _ = directory.obtainLock(IndexWriter.WRITE_LOCK_NAME)) {
      List<String> names = new ArrayList<>(List.of(directory.listAll()));
      names.remove(IndexWriter.WRITE_LOCK_NAME);
      // Without its commit the rest is no index, whatever happens in between.
      names.sort(Comparator.comparing(name -> !name.startsWith(IndexFileNames.SEGMENTS)));
      for (String name : names) {
        directory.deleteFile(name);
      }
      directory.syncMetaData();
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
    try {
      Files.deleteIfExists(folder.resolve(IndexWriter.WRITE_LOCK_NAME));
      Files.deleteIfExists(folder);
    } catch (IOException notEmpty) {
      // What is left is no collection.
      return;
    }
  }

  /** The name of the embedding model. */
  public String model() {
    return model;
  }

  /** The dimensions of its vectors. */
  public int dimensions() {
    return dimensions;
  }

  // ---- changes ----

  /**
   * Replaces documents: the passages of each list become all that there is of their document. All of it or nothing.
   *
   * @param documents passages by document; no list is empty
   */
  public void upsert(List<List<NewPassage>> documents) {
    List<List<org.apache.lucene.document.Document>> blocks =
        documents.stream().map(passages -> passages.stream().map(PassageFields::of).toList()).toList();
    commits.make((IndexWriter writer) -> {
      for (int i = 0; i < blocks.size(); i++) {
        writer.updateDocuments(term(documents.get(i).getFirst().document().id()), blocks.get(i));
      }
    });
  }

  /** Takes the lock of the index, as a change does. */
  public void lock() {
    commits.make((IndexWriter _) -> {});
  }

  /**
   * Merges all segments into one, whose graph of vectors is searched faster than several, while changes and searches go on.
   *
   * @param share does nothing if the largest segment has this share of all passages, 0 to 1
   * @param segments does nothing if there are fewer
   * @return whether it did something
   */
  public boolean compact(double share, int segments) {
    boolean whole =
        read(searcher -> {
          List<LeafReaderContext> leaves = searcher.getIndexReader().leaves();
          int largest = leaves.stream().mapToInt(leaf -> leaf.reader().numDocs()).max().orElse(0);
          return leaves.size() < segments || largest >= share * searcher.getIndexReader().numDocs();
        });
    if (whole) {
      return false;
    }
    commits.make((IndexWriter writer) -> writer.forceMerge(1, false));
    target.awaitMerges();
    // Commits what was merged.
    commits.make((IndexWriter _) -> {});
    return true;
  }

  /** How many segments there are. */
  public int segmentCount() {
    return read(searcher -> searcher.getIndexReader().leaves().size());
  }

  private static Term term(String id) {
    return new Term(PassageFields.DOCUMENT, id);
  }

  /** Removes documents; ids that are not there are ignored. */
  public void delete(List<String> ids) {
    Term[] terms = ids.stream().map(CollectionIndex::term).toArray(Term[]::new);
    commits.make((IndexWriter writer) -> writer.deleteDocuments(terms));
  }

  /** Removes the documents that a filter matches. */
  public void delete(Filter filter) {
    Query query = FilterQueries.of(filter);
    commits.make((IndexWriter writer) -> writer.deleteDocuments(query));
  }

  // ---- searches ----

  /**
   * Finds passages.
   *
   * @param vector of length 1; null for no search by vectors
   * @param text null for no search by words
   * @param candidates how many passages each ranking gives
   * @param limit the most passages of the result
   * @param weight of the vectors in a fusion, 0 to 1
   * @return the passages, best first: by fusion if there are two rankings
   */
  public List<Passage> search(
      float @Nullable [] vector,
      @Nullable String text,
      Optional<Filter> filter,
      int candidates,
      int limit,
      double weight) {
    Query considered = filter.map(FilterQueries::of).orElse(null);
    return read(searcher -> {
      List<Scored<Integer>> byVectors = List.of();
      List<Scored<Integer>> byWords = List.of();
      Map<Integer, Passage.Ranks> ranks = new HashMap<>();
      if (vector != null) {
        Query query = new KnnFloatVectorQuery(PassageFields.VECTOR, vector, candidates, considered);
        // Lucene's score of a dot product is (1 + cosine) / 2.
        byVectors = scored(searcher.search(query, candidates).scoreDocs, score -> 2.0 * score - 1);
        for (int i = 0; i < byVectors.size(); i++) {
          Scored<Integer> each = byVectors.get(i);
          ranks.put(each.item(), Passage.Ranks.NONE.withVector(i + 1, each.score()));
        }
      }
      if (text != null) {
        Query query = filtered(words.query(text), considered);
        byWords = scored(searcher.search(query, candidates).scoreDocs, score -> score);
        for (int i = 0; i < byWords.size(); i++) {
          Scored<Integer> each = byWords.get(i);
          Passage.Ranks known = ranks.getOrDefault(each.item(), Passage.Ranks.NONE);
          ranks.put(each.item(), known.withWords(i + 1, each.score()));
        }
      }
      List<Scored<Integer>> best;
      if (vector == null) {
        best = byWords;
      } else if (text == null) {
        best = byVectors;
      } else {
        best = ConvexFusion.fuse(byVectors, byWords, cosines(searcher, vector, byWords, ranks), weight);
      }
      return passages(searcher.storedFields(), best.subList(0, Math.min(limit, best.size())), ranks);
    });
  }

  private static List<Scored<Integer>> scored(ScoreDoc[] found, DoubleUnaryOperator scale) {
    return Arrays.stream(found).map(each -> new Scored<>(each.doc, scale.applyAsDouble(each.score))).toList();
  }

  /** Computes the cosines of passages that are not among the candidates by vectors, and adds them to their ranks. */
  private static Map<Integer, Double> cosines(
      IndexSearcher searcher, float[] vector, List<Scored<Integer>> found, Map<Integer, Passage.Ranks> ranks)
      throws IOException {
    Map<Integer, Double> cosines = new HashMap<>();
    List<LeafReaderContext> leaves = searcher.getIndexReader().leaves();
    for (Scored<Integer> each : found) {
      Passage.Ranks known = ranks.getOrDefault(each.item(), Passage.Ranks.NONE);
      if (known.cosine().isEmpty()) {
        LeafReaderContext leaf = leaves.get(ReaderUtil.subIndex(each.item(), leaves));
        FloatVectorValues vectors = leaf.reader().getFloatVectorValues(PassageFields.VECTOR);
        KnnVectorValues.DocIndexIterator at = vectors.iterator();
        int number = each.item() - leaf.docBase;
        if (at.advance(number) == number) {
          double cosine = VectorUtil.dotProduct(vector, vectors.vectorValue(at.index()));
          cosines.put(each.item(), cosine);
          ranks.put(each.item(), known.withCosine(cosine));
        }
      }
    }
    return cosines;
  }

  private static List<Integer> documents(ScoreDoc[] found) {
    return Arrays.stream(found).map(each -> each.doc).toList();
  }

  private static Query filtered(Query query, @Nullable Query filter) {
    return filter == null ? query : new BooleanQuery.Builder().add(query, Occur.MUST).add(filter, Occur.FILTER).build();
  }

  private static List<Passage> passages(
      StoredFields stored, List<Scored<Integer>> best, Map<Integer, Passage.Ranks> ranks) throws IOException {
    List<Passage> passages = new ArrayList<>();
    for (Scored<Integer> each : best) {
      Passage.Ranks found = ranks.getOrDefault(each.item(), Passage.Ranks.NONE);
      passages.add(PassageFields.passage(stored.document(each.item())).withScore(each.score(), found));
    }
    return passages;
  }

  /** The passages of a document, in their order; none if it is not there. */
  public List<Passage> passages(String id) {
    return read(searcher -> {
      List<Passage> passages = new ArrayList<>();
      for (int number : all(searcher, new TermQuery(term(id)))) {
        passages.add(PassageFields.passage(searcher.storedFields().document(number)));
      }
      passages.sort(Comparator.comparingInt(Passage::number));
      return passages;
    });
  }

  /** The documents that a filter matches, or all, in no particular order. */
  public List<DocumentSummary> documents(Optional<Filter> filter) {
    Query query = filtered(first(), filter.map(FilterQueries::of).orElse(null));
    return read(searcher -> {
      List<DocumentSummary> documents = new ArrayList<>();
      for (int number : all(searcher, query)) {
        DocumentStoredFieldVisitor visitor =
            new DocumentStoredFieldVisitor() {
              @Override
              public Status needsField(FieldInfo field) {
                return PassageFields.isOfSummary(field.name) ? Status.YES : Status.NO;
              }
            };
        searcher.storedFields().document(number, visitor);
        documents.add(PassageFields.summary(visitor.getDocument()));
      }
      return documents;
    });
  }

  private static Query first() {
    return new TermQuery(new Term(PassageFields.FIRST, PassageFields.YES));
  }

  private static List<Integer> all(IndexSearcher searcher, Query query) throws IOException {
    int most = Math.max(1, searcher.getIndexReader().maxDoc());
    return documents(searcher.search(query, most, Sort.INDEXORDER).scoreDocs);
  }

  /** How many documents there are. */
  public int documentCount() {
    return read(searcher -> searcher.count(first()));
  }

  /** How many passages there are. */
  public int passageCount() {
    return read(searcher -> searcher.count(MatchAllDocsQuery.INSTANCE));
  }

  /** The bytes of the files. */
  public long sizeBytes() {
    try {
      long sum = 0;
      for (String name : directory.listAll()) {
        sum += length(name);
      }
      return sum;
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
  }

  private long length(String name) {
    try {
      return directory.fileLength(name);
    } catch (IOException merged) {
      // A merge has removed it meanwhile.
      return 0;
    }
  }

  private <T> T read(Searchers.Work<T> work) {
    try {
      return searchers.search(work);
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
  }

  // ---- copies ----

  /**
   * Copies what is acknowledged to a folder, while changes go on. Takes the lock, so that no other process removes files.
   *
   * @param folder must exist and be empty
   */
  public void snapshot(Path folder) {
    lock();
    try (Directory copy = new MMapDirectory(folder)) {
      target.keepingLastCommit(commit -> IndexCopy.copy(directory, commit.getFileNames(), copy));
    } catch (IOException failure) {
      throw StorageErrors.of("A snapshot of " + what + " in " + folder, failure);
    }
  }

  /**
   * Copies a snapshot to a folder, and checks every file of it.
   *
   * @param folder must exist and hold no index
   */
  public static void restore(Path snapshot, Path folder) {
    String what = "The snapshot " + snapshot;
    try (Directory from = new MMapDirectory(snapshot);
        Directory to = new MMapDirectory(folder)) {
      SegmentInfos commit = SegmentInfos.readLatestCommit(from);
      if (!commit.getUserData().containsKey(FORMAT)) {
        throw new SearchException(
            Reason.CORRUPTED, what + " is no snapshot of a collection; name a folder that was made by one.");
      }
      IndexCopy.copy(from, commit.files(true), to);
    } catch (IOException failure) {
      throw StorageErrors.ofSnapshot(what, failure);
    }
  }

  /** Waits for the changes that were begun, and closes all files. Repeating it is harmless. */
  @Override
  public void close() {
    commits.close();
    try {
      searchers.close();
      directory.close();
    } catch (IOException failure) {
      throw StorageErrors.of(what, failure);
    }
    words.close();
  }
}
