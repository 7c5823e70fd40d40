package io.panallama.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.search.document.Document;
import io.panallama.search.error.SearchException;
import io.panallama.search.error.SearchException.Reason;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import io.panallama.search.query.SearchRequest;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A collection that is opened without its embedding model. */
class WordSearchTest {
  private static final CollectionEmbedder WORDS = WordEmbedder.named("words", 8);

  @TempDir Path folder;

  @Test
  void wordsNeedNoModel() {
    try (DocumentStore store = DocumentStore.open(folder)) {
      store.create("docs", WORDS).upsert(Document.of("a", "A red house."));
    }
    try (DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.open("docs");
      SearchRequest request = SearchRequest.builder().text("red").mode(SearchMode.BM25).build();
      assertThat(docs.search(request)).extracting(Passage::document).containsExactly("a");
      assertThatExceptionOfType(SearchException.class)
          .isThrownBy(() -> docs.search(SearchRequest.of("red")))
          .satisfies(failure -> assertThat(failure.reason()).isEqualTo(Reason.INVALID_QUERY))
          .withMessageContaining("without its embedding model, words");
      assertThatExceptionOfType(SearchException.class)
          .isThrownBy(() -> docs.upsert(Document.of("b", "text")))
          .withMessageContaining("without its embedding model, words");

      DocumentCollection whole = store.open("docs", WORDS);
      whole.upsert(Document.of("b", "A red car."));
      assertThat(whole.search(SearchRequest.of("car")).getFirst().document()).isEqualTo("b");
      assertThat(store.open("docs")).isSameAs(whole);
    }
  }
}
