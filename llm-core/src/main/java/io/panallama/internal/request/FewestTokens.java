package io.panallama.internal.request;

import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.TokenizerCalls;
import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.internal.stream.Pieces;
import java.nio.charset.StandardCharsets;

/**
 * The fewest tokens that a text can have: its length divided by that of the longest token. This tells without tokenizing
 * that a prompt can't fit.
 *
 * <p>White space does not count: templates trim texts, and some special tokens absorb the spaces beside them. Only the
 * tokenizers that leave out nothing else have a bound: SentencePiece's, and byte-pair encodings with a token for each byte.
 *
 * @param longestToken in bytes, without white space; 0 if this tokenizer has no bound
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
    int longest = LONGEST_CHARACTER;
    for (int token = 0; token < facts.size(); token++) {
      if (pieces.length(token) > longest) {
        longest = Math.max(longest, visibleBytes(pieces, token));
      } else if (pieces.length(token) == 0) {
        // Tokens that the output omits; in a prompt they may be written out.
        String text = TokenizerCalls.detokenize(model, new int[] {token}, false, true);
        longest = Math.max(longest, text.getBytes(StandardCharsets.UTF_8).length);
      }
    }
    return new FewestTokens(longest);
  }

  /** Counts white space of several bytes, too, which makes the bound no less true. */
  private static int visibleBytes(Pieces pieces, int token) {
    int count = 0;
    for (int i = pieces.offset(token); i < pieces.offset(token + 1); i++) {
      int value = pieces.bytes()[i] & 0xFF;
      count += value > ' ' && value != 0x7F ? 1 : 0;
    }
    return count;
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

  /** The fewest tokens of texts with this many bytes of UTF-8 that are not white space. */
  int ofBytes(long visible) {
    return longestToken == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (visible + longestToken - 1) / longestToken);
  }

  /** The bytes of UTF-8 that are not white space; control characters count as white space. */
  static long visibleBytes(CharSequence text) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes += c > ' ' && c < 0x7F ? 1 : 0;
      } else if (Character.isSurrogate(c)) {
        boolean pair = i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1));
        // Half a pair becomes a question mark.
        bytes += pair ? 4 : 1;
        i += pair ? 1 : 0;
      } else if (!Character.isSpaceChar(c) && !Character.isISOControl(c)) {
        bytes += c < 0x800 ? 2 : 3;
      }
    }
    return bytes;
  }
}
