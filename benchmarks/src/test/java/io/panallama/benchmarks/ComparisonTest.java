package io.panallama.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class ComparisonTest {
  @Test
  void ratiosAreTakenWithinARound() {
    Comparison comparison = new Comparison("x");
    comparison.ours(2);
    comparison.ours(30);
    comparison.theirs(4);
    comparison.theirs(20);
    assertThat(comparison.ratios()).containsExactly(0.5, 1.5);
  }
}
