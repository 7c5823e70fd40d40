package io.panallama.internal.request;

import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.internal.stream.Pieces;

/**
 * The fewest tokens that a text can have: its length divided by that of the longest token. This tells without tokenizing
 * that a prompt can't fit.
 *
 * <p>White space does not count: templates trim texts, and some special tokens absorb the spaces beside them. Only the
 * tokenizers that leave out nothing else have a bound: SentencePiece's, and byte-pair encodings with a token for each byte.
 *
 * @param longestToken in bytes; 0 if this tokenizer has no bound
 */
public record FewestTokens(int longestToken) {
  private static final FewestTokens NO_BOUND = new FewestTokens(0);

  /** The longest character of UTF-8, which SentencePiece's unknown token may stand for. */
  private static final int LONGEST_CHARACTER = 4;

  static FewestTokens of(ModelHandle model, VocabularyFacts facts, Pieces pieces) {
    boolean bounded = facts.isSentencePiece() || facts.isBytePair() && hasAllBytes(pieces);
    if (!bounded) {
      return NO_BOUND;
    }
    int longest = Math.max(LONGEST_CHARACTER, pieces.longest());
    for (int token = 0; token < facts.size(); token++) {
      if (pieces.length(token) == 0) {
        // Tokens that the output omits; in a prompt they may be written out.
        longest = Math.max(longest, 3 * TokenizerCalls.detokenize(model, new int[] {token}, false, true).length());
      }
    }
    return new FewestTokens(longest);
  }

  /** Whether every byte that occurs in UTF-8 has a token; llama.cpp leaves out bytes that have none. */
  private static boolean hasAllBytes(Pieces pieces) {
    boolean[] known = new boolean[256];
    for (int token = 0; token + 1 < pieces.offsets().length; token++) {
      if (pieces.length(token) == 1) {
        known[pieces.bytes()[pieces.offset(token)] & 0xFF] = true;
      }
    }
    for (int value = ' ' + 1; value <= 0xF4; value++) {
      boolean occurs = value != 0x7F && value != 0xC0 && value != 0xC1;
      if (occurs && !known[value]) {
        return false;
      }
    }
    return true;
  }

  /** The fewest tokens of a text. */
  int of(CharSequence text) {
    return ofCharacters(visible(text));
  }

  /** The fewest tokens of texts with this many characters that are not white space. */
  int ofCharacters(long visible) {
    return longestToken == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (visible + longestToken - 1) / longestToken);
  }

  /** The number of characters that are not white space; control characters count as white space. */
  static long visible(CharSequence text) {
    long count = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c > 0x7F ? !Character.isSpaceChar(c) : c > ' ' && c < 0x7F) {
        count++;
      }
    }
    return count;
  }
}
