package io.panallama.internal.decode;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.internal.decode.Lineage.Adapter;
import io.panallama.internal.decode.Lineage.Medium;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;

class LineageTest {
  /** All different, some by little. */
  private static List<Lineage> lineages() {
    return List.of(
        Lineage.EMPTY,
        Lineage.of(List.of(new Adapter("a", 1)), List.of()),
        Lineage.of(List.of(new Adapter("a", 0.5f)), List.of()),
        Lineage.of(List.of(new Adapter("b", 1)), List.of()),
        Lineage.of(List.of(new Adapter("", 1)), List.of()),
        Lineage.of(List.of(new Adapter("a", 1), new Adapter("b", 1)), List.of()),
        Lineage.of(List.of(new Adapter("b", 1), new Adapter("a", 1)), List.of()),
        Lineage.of(List.of(), List.of(new Medium(3, "0f"))),
        Lineage.of(List.of(), List.of(new Medium(4, "0f"))),
        Lineage.of(List.of(), List.of(new Medium(3, "0e"))),
        Lineage.of(List.of(), List.of(new Medium(3, "0f"), new Medium(9, "0f"))),
        Lineage.of(List.of(new Adapter("a", 1)), List.of(new Medium(3, "0f"))));
  }

  @Test
  void onlyEqualPartsMakeEqualLineages() {
    List<Lineage> all = lineages();
    List<Lineage> again = lineages();
    for (int i = 0; i < all.size(); i++) {
      for (int k = 0; k < all.size(); k++) {
        assertThat(all.get(i).equals(again.get(k))).as("%s and %s", all.get(i), again.get(k)).isEqualTo(i == k);
        assertThat(Arrays.equals(all.get(i).encoding(), again.get(k).encoding())).isEqualTo(i == k);
      }
      assertThat(all.get(i)).hasSameHashCodeAs(again.get(i));
    }
  }

  @Test
  void theEncodingGivesTheLineageBack() {
    for (Lineage lineage : lineages()) {
      Lineage decoded = Lineage.decode(lineage.encoding());
      assertThat(decoded).isEqualTo(lineage);
      assertThat(decoded.adapters()).isEqualTo(lineage.adapters());
      assertThat(decoded.media()).isEqualTo(lineage.media());
      assertThat(lineage.encodedLength()).isEqualTo(lineage.encoding().length);
    }
    assertThat(Lineage.EMPTY.encodedLength()).isZero();
  }

  @Test
  void noOtherBytesAreALineage() {
    for (Lineage lineage : lineages()) {
      byte[] good = lineage.encoding();
      for (int length = 1; length < good.length; length++) {
        byte[] cut = Arrays.copyOf(good, length);
        assertThatThrownBy(() -> Lineage.decode(cut)).isInstanceOf(IllegalArgumentException.class);
      }
      byte[] longer = Arrays.copyOf(good, good.length + 1);
      assertThatThrownBy(() -> Lineage.decode(longer)).isInstanceOf(IllegalArgumentException.class);
    }
    byte[] claimsTooMuch = {127, -1, -1, -1, 0, 0, 0, 0};
    assertThatThrownBy(() -> Lineage.decode(claimsTooMuch)).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void itNeverChanges() {
    List<Adapter> adapters = new ArrayList<>(List.of(new Adapter("a", 1)));
    Lineage lineage = Lineage.of(adapters, List.of());
    adapters.add(new Adapter("b", 1));
    lineage.encoding()[0] = 9;
    assertThat(lineage).isEqualTo(Lineage.of(List.of(new Adapter("a", 1)), List.of()));
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThatThrownBy(() -> new Adapter("a", Float.NaN)).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> new Medium(-1, "0f")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> Lineage.of(List.of(), List.of(new Medium(3, "0f"), new Medium(3, "0e"))))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("order");
  }
}
