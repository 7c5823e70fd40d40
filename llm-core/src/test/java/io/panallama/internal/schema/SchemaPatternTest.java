package io.panallama.internal.schema;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;

class SchemaPatternTest {
  private static String nested(int depth) {
    return "^" + "(".repeat(depth) + "a" + ")".repeat(depth) + "$";
  }

  /** llama.cpp would take any text for such a pattern. */
  @Test
  void groupsThatNestTooDeepCantBeEnforced() {
    assertThat(SchemaPattern.rewrite(nested(99))).contains("a");
    assertThatThrownBy(() -> SchemaPattern.rewrite(nested(100)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("nest deeper");
  }
}
