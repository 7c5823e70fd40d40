package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;

/**
 * The normalization table of unigram tokenizers ({@code tokenizer.ggml.precompiled_charsmap}): the bytes of a
 * XOR-compressed compact double array, then the replacement strings.
 *
 * <p>Walks every path that {@code normalize_prefix} in {@code src/llama-vocab.cpp} can take. There, an index outside the table makes {@code llama_tokenize} throw, which ends the process.
 */
final class CharacterMap {
  private final Facts facts;
  private final MemorySegment data;
  private final int nodes;
  private final long replacements;

  private CharacterMap(Facts facts, MemorySegment data, int nodes, long replacements) {
    this.facts = facts;
    this.data = data;
    this.nodes = nodes;
    this.replacements = replacements;
  }

  static void check(Facts facts, MemorySegment data) {
    long blob = data.byteSize() < Integer.BYTES ? Long.MAX_VALUE / 2 : data.get(GgufArray.INT, 0) & 0xFFFF_FFFFL;
    long replacements = data.byteSize() - Integer.BYTES - blob;
    if (replacements <= 0) {
      throw fault(facts, "has " + data.byteSize() + " bytes, too few for its table");
    }
    if (data.get(ValueLayout.JAVA_BYTE, data.byteSize() - 1) != 0) {
      throw fault(facts, "does not end in a zero byte");
    }
    int nodes = (int) (blob / Integer.BYTES);
    if (nodes > 0) {
      new CharacterMap(facts, data, nodes, replacements).walk();
    }
  }

  private void walk() {
    BitSet seen = new BitSet(nodes);
    Deque<Integer> open = new ArrayDeque<>();
    open.push((int) base(node(0)));
    while (!open.isEmpty()) {
      int state = open.pop();
      if (state < nodes && state >= 0) {
        if (seen.get(state)) {
          continue;
        }
        seen.set(state);
      }
      for (int c = 1; c < 256; c++) {
        int index = state ^ c;
        int node = node(index);
        if ((node & 0x8000_00FF) != c) {
          continue;
        }
        int next = index ^ (int) base(node);
        if ((node >>> 8 & 1) != 0 && (node(next) & Integer.MAX_VALUE) >= replacements) {
          throw fault(facts, "points behind its replacement strings");
        }
        open.push(next);
      }
    }
  }

  private int node(int index) {
    if (Integer.compareUnsigned(index, nodes) >= 0) {
      throw fault(facts, "points to entry " + Integer.toUnsignedString(index) + " of " + nodes);
    }
    return data.get(GgufArray.INT, Integer.BYTES * (1L + index));
  }

  private static long base(int node) {
    return (long) (node >>> 10) << ((node & 1 << 9) >>> 6);
  }

  private static ModelLoadException fault(Facts facts, String problem) {
    return facts.corrupt("tokenizer.ggml.precompiled_charsmap " + problem);
  }
}
