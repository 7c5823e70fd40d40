package io.panallama.internal.cache;

import io.panallama.internal.decode.Lineage;
import io.panallama.jmh.LauncherJvm;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.infra.Blackhole;

/**
 * The index of prefixes with 10,000 texts of 192 tokens: 100 system prompts of 64 tokens, after each of them 100
 * conversations of 128.
 */
@State(Scope.Thread)
public class PrefixTreeBenchmark extends LauncherJvm {
  private static final int SYSTEMS = 100;
  private static final int ENTRIES = 10_000;
  private static final int SYSTEM_LENGTH = 64;
  private static final int LENGTH = 192;
  private static final int VOCABULARY = 32_000;

  /** As many candidates that begin alike are looked at; see the class {@code ColdStore}. */
  private static final int MOST = 64;

  private final PrefixTree<Integer> tree = new PrefixTree<>();
  private final List<int[]> systems = new ArrayList<>();
  private final List<int[]> texts = new ArrayList<>();
  private final List<PrefixTree.Entry<Integer>> entries = new ArrayList<>();
  private int at;

  @Setup
  public void fill() {
    SplittableRandom random = new SplittableRandom(1);
    for (int i = 0; i < SYSTEMS; i++) {
      systems.add(random.ints(SYSTEM_LENGTH, 0, VOCABULARY).toArray());
    }
    // Twice as many texts as are in the tree at any time.
    for (int i = 0; i < 2 * ENTRIES; i++) {
      int[] text = random.ints(LENGTH, 0, VOCABULARY).toArray();
      System.arraycopy(systems.get(i % SYSTEMS), 0, text, 0, SYSTEM_LENGTH);
      texts.add(text);
    }
    for (int i = 0; i < ENTRIES; i++) {
      entries.add(tree.insert(Lineage.EMPTY, texts.get(i), LENGTH, i));
    }
  }

  /** A known conversation continues: one holder has all of it. */
  @Benchmark
  public int lookUpWhole(Blackhole sink) {
    at = (at + 1) % ENTRIES;
    return tree.longest(Lineage.EMPTY, texts.get(at), LENGTH, MOST, sink::consume);
  }

  /** A new conversation with a system prompt that 100 holders have, of which 64 are named. */
  @Benchmark
  public int lookUpShared(Blackhole sink) {
    at = (at + 1) % ENTRIES;
    return tree.longest(Lineage.EMPTY, texts.get(ENTRIES + at), LENGTH, MOST, sink::consume);
  }

  /** Inserts a text and evicts the oldest one. */
  @Benchmark
  public int insertAndEvict() {
    int slot = at % ENTRIES;
    tree.remove(entries.get(slot));
    int text = (at + ENTRIES) % (2 * ENTRIES);
    entries.set(slot, tree.insert(Lineage.EMPTY, texts.get(text), LENGTH, text));
    at = (at + 1) % (2 * ENTRIES);
    return tree.size();
  }
}
