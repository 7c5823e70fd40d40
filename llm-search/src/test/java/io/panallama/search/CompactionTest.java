package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.search.document.Document;
import io.panallama.search.document.VectorDocument;
import io.panallama.search.error.SearchException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.concurrent.atomic.AtomicReference;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class CompactionTest {
  private static final int DIMENSIONS = 256;

  /** So many that merging them takes seconds: the graph of their vectors is made then. */
  private static final int VECTORS = 3_000;

  @TempDir private Path folder;

  private static List<VectorDocument> documents(String name, Random random) {
    List<VectorDocument> documents = new ArrayList<>();
    for (int i = 0; i < VECTORS; i++) {
      float[] vector = new float[DIMENSIONS];
      for (int k = 0; k < DIMENSIONS; k++) {
        vector[k] = (float) random.nextGaussian();
      }
      documents.add(new VectorDocument(Document.of(name + i, "text"), vector));
    }
    return documents;
  }

  private static boolean isMerging() {
    return Thread.getAllStackTraces().keySet().stream()
        .anyMatch(thread -> thread.getName().startsWith("Lucene Merge Thread"));
  }

  @Test
  void anInterruptEndsTheWaitAndClosingEndsTheMerge() throws Exception {
    CollectionEmbedder model = WordEmbedder.named("words", DIMENSIONS);
    AtomicReference<SearchException> end = new AtomicReference<>();
    Random random = new Random(5);
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.create("docs", model);
      for (String name : List.of("a", "b", "c", "d")) {
        docs.upsertVectors(documents(name, random));
      }
      int before = docs.index().segmentCount();
      assertThat(before).isGreaterThanOrEqualTo(4);
      Thread compacting =
          Thread.ofPlatform()
              .start(() -> {
                try {
                  docs.compactIfScattered(4);
                } catch (SearchException ended) {
                  end.set(ended);
                }
              });
      while (!isMerging()) {
        Thread.sleep(1);
      }
      // Changes and searches go on.
      docs.upsert(Document.of("late", "a late text"));
      assertThat(docs.passages("late")).hasSize(1);
      compacting.interrupt();
      compacting.join();
      assertThat(end.get()).isNotNull();
      assertThat(end.get().reason()).isEqualTo(SearchException.Reason.INTERRUPTED);
      assertThat(isMerging()).as("it goes on").isTrue();
    }
    assertThat(isMerging()).isFalse();
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.open("docs", model);
      assertThat(docs.index().segmentCount()).as("it was not ended").isGreaterThanOrEqualTo(4);
      assertThat(docs.documents()).hasSize(4 * VECTORS + 1);
    }
  }
}
