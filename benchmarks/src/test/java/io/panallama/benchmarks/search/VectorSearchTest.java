package io.panallama.benchmarks.search;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class VectorSearchTest {
  @TempDir private Path folder;

  @Test
  void theNearestAreFound() throws InterruptedException {
    try (VectorSearch search = new VectorSearch(5_000, 32, 50, 500, 7, folder)) {
      assertThat(search.ingest()).isPositive();
      assertThat(search.info().passages()).isEqualTo(5_000);
      float[][] queries = search.queries(100);
      assertThat(search.recall(queries)).isGreaterThan(0.95);
      assertThat(search.time(queries)).hasSize(100).allSatisfy(time -> assertThat(time).isPositive());
      assertThat(search.compact()).isPositive();
      assertThat(search.recall(queries)).isGreaterThan(0.95);
      VectorSearch.Both both = search.ingestWhileSearching(1_000, queries);
      assertThat(both.vectorsPerSecond()).isPositive();
      assertThat(both.milliseconds()).isNotEmpty();
      assertThat(search.info().passages()).isEqualTo(6_000);
    }
  }

  @Test
  void vectorsLieAroundCentres() {
    UnitVectors source = new UnitVectors(1, 384, 3);
    Random random = new Random(4);
    float[] first = source.next(random);
    assertThat(UnitVectors.dot(first, first)).isCloseTo(1, within(1e-5f));
    assertThat(UnitVectors.dot(first, source.next(random))).isCloseTo(0.67f, within(0.1f));
  }

  @Test
  void comparingWithEachIsExact() {
    float[][] vectors = {{1, 0}, {0, 1}, {0.8f, 0.6f}, {-1, 0}};
    assertThat(UnitVectors.nearest(vectors, new float[] {1, 0}, 3)).containsExactly(0, 2, 1);
  }
}
