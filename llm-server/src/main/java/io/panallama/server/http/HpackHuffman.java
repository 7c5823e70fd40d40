package io.panallama.server.http;

import io.helidon.http.http2.Http2ErrorCode;
import io.helidon.http.http2.Http2Exception;
import java.nio.charset.StandardCharsets;

/**
 * The static Huffman code of HPACK, RFC 7541, appendix B. Helidon's decoder is not used, because it replaces every byte beyond ASCII.
 *
 * <p>The code is canonical: short codes come before long ones, and those of the same length are in the order of their symbols. So the
 * lengths tell the codes.
 */
final class HpackHuffman {
  /** The length of each symbol's code: A stands for 5 bits, B for 6 and so on. Symbols are bytes; the last one ends a text. */
  private static final String LENGTHS =
      "ISXXXXXXXTZXXZXXXXXXXXZXXXXXXXXXBFFHIBDGFFDGDBBBAAABBBBBBBCDKBHF"
          + "IBCCCCCCCCCCCCCCCCCCCCCCDCDIOIJBKABABABBBACCBBBABCBAABCCCCCKGJIX"
          + "PRPPRRRSRSSSSSTSTTRSTSSSSQRSRSSTRQPRRSSQSRRTQRSSQQRQSRSSPRRRSRRS"
          + "VVPORSRUVVVWWVTUOQVWWVWTQQVVXWWWPTPQRQQSRRUUTTVSVWVVWWWWWXWWWWWV"
          + "Z";

  private static final int SHORTEST = 5;
  private static final int LONGEST = 30;

  /** In the order of their codes. */
  private static final int[] SYMBOLS = new int[LENGTHS.length()];

  /** By length: the first code, the place of its symbol, and how many there are. */
  private static final int[] FIRST = new int[LONGEST + 1];

  private static final int[] PLACE = new int[LONGEST + 1];
  private static final int[] COUNT = new int[LONGEST + 1];

  static {
    int place = 0;
    int code = 0;
    for (int length = SHORTEST; length <= LONGEST; length++) {
      code <<= 1;
      FIRST[length] = code;
      PLACE[length] = place;
      for (int symbol = 0; symbol < LENGTHS.length(); symbol++) {
        if (LENGTHS.charAt(symbol) - 'A' + SHORTEST == length) {
          SYMBOLS[place++] = symbol;
          code++;
        }
      }
      COUNT[length] = place - PLACE[length];
    }
  }

  private HpackHuffman() {}

  /**
   * Decodes a text, one character per byte.
   *
   * @throws Http2Exception if it has the symbol that ends it, or is not padded with the beginning of that
   */
  static String decode(byte[] bytes, int from, int length) {
    byte[] text = new byte[length * 8 / SHORTEST];
    int decoded = 0;
    int code = 0;
    int bits = 0;
    for (int i = from; i < from + length; i++) {
      for (int bit = 7; bit >= 0; bit--) {
        code = code << 1 | (bytes[i] >> bit) & 1;
        bits++;
        int place = code - FIRST[bits];
        if (place >= 0 && place < COUNT[bits]) {
          int symbol = SYMBOLS[PLACE[bits] + place];
          if (symbol > 0xFF) {
            throw broken();
          }
          text[decoded++] = (byte) symbol;
          code = 0;
          bits = 0;
        }
      }
    }
    // RFC 7541, 5.2: less than a byte of ones.
    if (bits > 7 || code != (1 << bits) - 1) {
      throw broken();
    }
    return new String(text, 0, decoded, StandardCharsets.ISO_8859_1);
  }

  private static Http2Exception broken() {
    return new Http2Exception(Http2ErrorCode.COMPRESSION, "A text in Huffman's code does not end as it must.");
  }
}
