package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class OwnedTest {
  private final List<String> closed = new ArrayList<>();

  @Test
  void whatWasOpenedIsClosedInReverseOrderWhenAFactoryFails() {
    IllegalStateException refusal = new IllegalStateException("the third step");
    assertThatThrownBy(() ->
            Owned.build(owned -> {
              owned.add("first", closed::add);
              owned.add("second", closed::add);
              throw refusal;
            }))
        .isSameAs(refusal);
    assertThat(closed).containsExactly("second", "first");
  }

  @Test
  void aFailureToCloseLeavesNothingElseOpen() {
    IllegalStateException refusal = new IllegalStateException("the third step");
    assertThatThrownBy(() ->
            Owned.build(owned -> {
              owned.add("first", closed::add);
              owned.onClose(() -> {
                throw new IllegalArgumentException("does not close");
              });
              throw refusal;
            }))
        .isSameAs(refusal)
        .hasSuppressedException(new IllegalArgumentException("does not close"));
    assertThat(closed).containsExactly("first");
  }

  @Test
  void whatWasBuiltClosesItOnce() {
    Owned built =
        Owned.build(owned -> {
          owned.add("first", closed::add);
          owned.add("second", closed::add);
          return owned;
        });
    assertThat(closed).isEmpty();
    built.close();
    built.close();
    assertThat(closed).containsExactly("second", "first");
  }
}
