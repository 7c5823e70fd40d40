package io.panallama.internal.cache;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.internal.decode.Lineage;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class PrefixTreeTest {
  private final PrefixTree<String> tree = new PrefixTree<>();

  private record Found(int length, List<String> holders) {}

  private Found find(int... tokens) {
    List<String> holders = new ArrayList<>();
    int length = tree.longest(Lineage.EMPTY, tokens, tokens.length, holders::add);
    holders.sort(null);
    return new Found(length, holders);
  }

  private PrefixTree.Entry<String> insert(String holder, int... tokens) {
    return tree.insert(Lineage.EMPTY, tokens, tokens.length, holder);
  }

  @Test
  void anEmptyTreeHasNothing() {
    assertThat(find(1, 2, 3)).isEqualTo(new Found(0, List.of()));
  }

  @Test
  void findsTheLongestBeginningAndAllThatHaveIt() {
    insert("long", 1, 2, 3, 4, 5);
    insert("other", 1, 2, 3, 9);
    insert("short", 1, 2);
    assertThat(find(1, 2, 3, 7)).isEqualTo(new Found(3, List.of("long", "other")));
    assertThat(find(1, 2, 3, 4, 7)).isEqualTo(new Found(4, List.of("long")));
    assertThat(find(1, 7)).isEqualTo(new Found(1, List.of("long", "other", "short")));
    assertThat(find(8)).isEqualTo(new Found(0, List.of()));
  }

  @Test
  void aLimitCutsTheMatch() {
    insert("one", 1, 2, 3);
    assertThat(tree.longest(Lineage.EMPTY, new int[] {1, 2, 3}, 2, holder -> {})).isEqualTo(2);
  }

  @Test
  void whatIsRemovedIsNotFound() {
    PrefixTree.Entry<String> first = insert("first", 1, 2, 3, 4);
    insert("second", 1, 2, 5);
    tree.remove(first);
    tree.remove(first);
    assertThat(find(1, 2, 3, 4)).isEqualTo(new Found(2, List.of("second")));
    assertThat(tree.size()).isEqualTo(1);
  }

  @Test
  void agreesWithALinearSearchUnderRandomChanges() {
    Random random = new Random(17);
    List<int[]> texts = new ArrayList<>();
    List<PrefixTree.Entry<String>> entries = new ArrayList<>();
    for (int round = 0; round < 20_000; round++) {
      if (entries.isEmpty() || random.nextInt(3) > 0 && entries.size() < 60) {
        int[] text = random.ints(1 + random.nextInt(8), 0, 3).toArray();
        texts.add(text);
        entries.add(insert("h" + round, text));
      } else {
        int victim = random.nextInt(entries.size());
        tree.remove(entries.remove(victim));
        texts.remove(victim);
      }
      int[] wanted = random.ints(1 + random.nextInt(10), 0, 3).toArray();
      int best = texts.stream().mapToInt(text -> common(text, wanted)).max().orElse(0);
      List<String> holders = new ArrayList<>();
      for (int i = 0; i < texts.size(); i++) {
        if (best > 0 && common(texts.get(i), wanted) == best) {
          holders.add(entries.get(i).holder());
        }
      }
      holders.sort(null);
      assertThat(find(wanted)).isEqualTo(new Found(best, holders));
      List<String> beginnings = new ArrayList<>();
      for (int i = 0; i < texts.size(); i++) {
        if (common(texts.get(i), wanted) == texts.get(i).length) {
          beginnings.add(entries.get(i).holder());
        }
      }
      assertThat(tree.beginnings(Lineage.EMPTY, wanted, wanted.length).stream().map(PrefixTree.Entry::holder))
          .containsExactlyInAnyOrderElementsOf(beginnings);
    }
  }

  private static int common(int[] one, int[] two) {
    int length = 0;
    while (length < Math.min(one.length, two.length) && one[length] == two[length]) {
      length++;
    }
    return length;
  }

  @Test
  void anEntryKnowsItsTextWhateverHappensAroundIt() {
    PrefixTree.Entry<String> entry = insert("one", 1, 2, 3, 4, 5);
    assertThat(tree.tokens(entry)).containsExactly(1, 2, 3, 4, 5);
    PrefixTree.Entry<String> other = insert("other", 1, 2, 9);
    assertThat(tree.tokens(entry)).containsExactly(1, 2, 3, 4, 5);
    assertThat(tree.tokens(other)).containsExactly(1, 2, 9);
    tree.remove(other);
    assertThat(tree.tokens(entry)).containsExactly(1, 2, 3, 4, 5);
  }

  @Test
  void equalTokensOfDifferentLineagesNeverMeet() {
    Lineage half = Lineage.of(List.of(new Lineage.Adapter("a", 0.5f)), List.of());
    Lineage whole = Lineage.of(List.of(new Lineage.Adapter("a", 1)), List.of());
    int[] text = {1, 2, 3, 4};
    insert("plain", text);
    PrefixTree.Entry<String> entry = tree.insert(half, text, 4, "half");
    List<String> holders = new ArrayList<>();
    assertThat(tree.longest(half, text, 4, holders::add)).isEqualTo(4);
    assertThat(holders).containsExactly("half");
    assertThat(tree.longest(whole, text, 4, holders::add)).isZero();
    assertThat(tree.longest(whole, text, 4, 16, holders::add)).isZero();
    assertThat(tree.beginnings(whole, text, 4)).isEmpty();
    assertThat(tree.beginnings(half, text, 4)).containsExactly(entry);
    assertThat(tree.lineage(entry)).isEqualTo(half);
    Lineage equal = Lineage.of(List.of(new Lineage.Adapter("a", 0.5f)), List.of());
    assertThat(tree.longest(equal, text, 4, holders::add)).as("an equal lineage").isEqualTo(4);
    tree.remove(entry);
    assertThat(tree.longest(half, text, 4, holders::add)).isZero();
    assertThat(tree.longest(Lineage.EMPTY, text, 4, holders::add)).isEqualTo(4);
  }

  @Test
  void aBoundedSearchFindsSomeOfThoseThatHaveTheLongestBeginning() {
    for (int i = 0; i < 1000; i++) {
      insert("h" + i, 1, 2, 3, 10 + i, 5);
    }
    insert("elsewhere", 1, 9);
    List<String> holders = new ArrayList<>();
    assertThat(tree.longest(Lineage.EMPTY, new int[] {1, 2, 3, 4}, 4, 16, holders::add)).isEqualTo(3);
    assertThat(holders).hasSize(16).doesNotContain("elsewhere").doesNotHaveDuplicates();
    holders.clear();
    assertThat(tree.longest(Lineage.EMPTY, new int[] {1, 2, 3, 500, 5}, 5, 16, holders::add)).isEqualTo(5);
    assertThat(holders).containsExactly("h490");
    assertThat(tree.longest(Lineage.EMPTY, new int[] {7}, 1, 16, holders::add)).isZero();
  }
}
