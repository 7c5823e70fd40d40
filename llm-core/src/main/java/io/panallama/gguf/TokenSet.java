package io.panallama.gguf;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The texts of a vocabulary as llama.cpp sees them, in an open-addressing hash table of token ids.
 *
 * <p>{@code impl::load} asserts that no two tokens have the same text, where a text ends at its first zero byte and an
 * empty one is replaced by {@code [EMPTY_n]}. The hash is seeded so that a file can't be made to collide.
 */
final class TokenSet {
  private final GgufArray tokens;
  private final int[] slots;
  private final int[] hashes;
  private final long multiplier = ThreadLocalRandom.current().nextLong() | 1;

  TokenSet(Facts facts, GgufArray tokens) {
    this.tokens = tokens;
    this.hashes = new int[tokens.size()];
    this.slots = new int[Integer.highestOneBit(Math.max(2, tokens.size())) * 4];
    Arrays.fill(slots, -1);
    for (int i = 0; i < tokens.size(); i++) {
      byte[] text = text(i);
      hashes[i] = hash(text);
      int slot = find(text, hashes[i]);
      if (slots[slot] >= 0) {
        throw facts.corrupt(
            "tokens "
                + slots[slot]
                + " and "
                + i
                + " of tokenizer.ggml.tokens have the same text \""
                + new String(text, StandardCharsets.UTF_8)
                + "\"");
      }
      slots[slot] = i;
    }
  }

  boolean contains(byte[] text) {
    return slots[find(text, hash(text))] >= 0;
  }

  /** The bytes before the first zero byte. */
  static byte[] cString(MemorySegment raw) {
    byte[] bytes = raw.toArray(ValueLayout.JAVA_BYTE);
    for (int i = 0; i < bytes.length; i++) {
      if (bytes[i] == 0) {
        return Arrays.copyOf(bytes, i);
      }
    }
    return bytes;
  }

  private byte[] text(int token) {
    byte[] text = cString(tokens.raw(token));
    return text.length > 0 ? text : ("[EMPTY_" + token + "]").getBytes(StandardCharsets.US_ASCII);
  }

  private int hash(byte[] text) {
    long hash = text.length;
    for (byte b : text) {
      hash = (hash ^ b) * multiplier;
      hash ^= hash >>> 29;
    }
    return (int) (hash ^ hash >>> 32);
  }

  /** The slot that contains this text, or the free slot where it belongs. */
  private int find(byte[] text, int hash) {
    int slot = hash & slots.length - 1;
    while (slots[slot] >= 0 && !(hashes[slots[slot]] == hash && Arrays.equals(text(slots[slot]), text))) {
      slot = slot + 1 & slots.length - 1;
    }
    return slot;
  }
}
