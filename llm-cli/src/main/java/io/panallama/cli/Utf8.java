package io.panallama.cli;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.StandardCharsets;

/** Strict decoding of what is piped in. */
final class Utf8 {
  private Utf8() {}

  /**
   * Decodes lines of standard input.
   *
   * @param line the number of the first line, from 1
   * @throws UsageException if bytes are not UTF-8; it names their line
   */
  static String decode(byte[] bytes, int line) {
    CharsetDecoder decoder = StandardCharsets.UTF_8.newDecoder();
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    if (decoder.decode(in, out, true).isError()) {
      throw new UsageException(
          "Line " + (line + lineEnds(bytes, in.position())) + " of standard input is not UTF-8 text.");
    }
    return out.flip().toString();
  }

  private static int lineEnds(byte[] bytes, int end) {
    int count = 0;
    for (int i = 0; i < end; i++) {
      if (bytes[i] == '\n' || bytes[i] == '\r' && (i + 1 == bytes.length || bytes[i + 1] != '\n')) {
        count++;
      }
    }
    return count;
  }
}
