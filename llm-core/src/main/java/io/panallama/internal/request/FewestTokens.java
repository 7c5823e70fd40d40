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
 * <p>There are two bounds. One does not count white space: templates trim texts, and some special tokens absorb the spaces
 * beside them. The other counts it, for texts that are tokenized as they are by vocabularies that have no such tokens:
 * llama.cpp needs seconds for some megabytes of spaces, which are one word. Only the tokenizers that leave out nothing else
 * have a bound: SentencePiece's, and byte-pair encodings with a token for each byte.
 *
 * @param longestVisible the longest token in bytes, without white space; 0 if this tokenizer has no bound
 * @param longestWhole the longest token in bytes; 0 if the tokenizer has no bound that counts white space
 */
public record FewestTokens(int longestVisible, int longestWhole) {
  private static final FewestTokens NO_BOUND = new FewestTokens(0, 0);

  /** The longest character of UTF-8, which SentencePiece's unknown token may stand for. */
  private static final int LONGEST_CHARACTER = 4;

  /** What SentencePiece writes for a space, so that its tokens stand for either. */
  private static final char ESCAPED_SPACE = '\u2581';

  static FewestTokens of(ModelHandle model, VocabularyFacts facts, Pieces pieces) {
    boolean bounded = facts.isSentencePiece() || facts.isBytePair() && hasBytes(pieces, ' ' + 1);
    if (!bounded) {
      return NO_BOUND;
    }
    int visible = LONGEST_CHARACTER;
    int whole = LONGEST_CHARACTER;
    boolean absorbs = false;
    for (int token = 0; token < facts.size(); token++) {
      int length = pieces.length(token);
      absorbs |= facts.absorbsSpaces(token);
      if (length > visible) {
        visible = Math.max(visible, visibleBytes(pieces, token));
      } else if (length == 0) {
        // Tokens that the output omits; in a prompt they may be written out.
        String text = TokenizerCalls.detokenize(model, new int[] {token}, false, true);
        length = text.getBytes(StandardCharsets.UTF_8).length;
        visible = Math.max(visible, length);
      }
      whole = Math.max(whole, length);
    }
    boolean keepsSpaces = !absorbs && (facts.isSentencePiece() || hasBytes(pieces, 0));
    return new FewestTokens(visible, keepsSpaces ? whole : 0);
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

  /** Whether every byte from {@code first} that occurs in UTF-8 has a token; llama.cpp leaves out bytes that have none. */
  private static boolean hasBytes(Pieces pieces, int first) {
    boolean[] known = new boolean[256];
    for (int token = 0; token + 1 < pieces.offsets().length; token++) {
      if (pieces.length(token) == 1) {
        known[pieces.bytes()[pieces.offset(token)] & 0xFF] = true;
      }
    }
    for (int value = first; value <= 0xF4; value++) {
      boolean occurs = (value != 0x7F || first == 0) && value != 0xC0 && value != 0xC1;
      if (occurs && !known[value]) {
        return false;
      }
    }
    return true;
  }

  /** The fewest tokens of texts with this many bytes of UTF-8 that are not white space. */
  int ofVisible(long bytes) {
    return quotient(bytes, longestVisible);
  }

  /** The fewest tokens of a text that is tokenized as it is. */
  int of(CharSequence text) {
    return Math.max(ofVisible(visibleBytes(text)), quotient(bytes(text), longestWhole));
  }

  private static int quotient(long bytes, int longest) {
    return longest == 0 ? 0 : (int) Math.min(Integer.MAX_VALUE, (bytes + longest - 1) / longest);
  }

  /** The bytes of UTF-8 that are not white space; control characters count as white space, and so do escaped spaces. */
  static long visibleBytes(CharSequence text) {
    return bytes(text, false);
  }

  /** The bytes of UTF-8; an escaped space counts as a space. */
  static long bytes(CharSequence text) {
    return bytes(text, true);
  }

  private static long bytes(CharSequence text, boolean whole) {
    long bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      if (c < 0x80) {
        bytes += whole || (c > ' ' && c < 0x7F) ? 1 : 0;
      } else if (c == ESCAPED_SPACE) {
        bytes += whole ? 1 : 0;
      } else if (Character.isSurrogate(c)) {
        boolean pair = i + 1 < text.length() && Character.isSurrogatePair(c, text.charAt(i + 1));
        // Half a pair becomes a question mark.
        bytes += pair ? 4 : 1;
        i += pair ? 1 : 0;
      } else if (whole || (!Character.isSpaceChar(c) && !Character.isISOControl(c))) {
        bytes += c < 0x800 ? 2 : 3;
      }
    }
    return bytes;
  }
}
