package io.panallama.server.http;

import io.helidon.http.http2.Http2Exception;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.List;

/**
 * A target of {@code .ci/fuzz-coverage}: the header blocks of a connection, each after a byte with its length. What was decoded is the same
 * when it is written as literals and decoded again.
 */
public final class HpackTarget {
  /** Less than references to a large entry can come to. */
  private static final int LIMIT = 20_000;

  private HpackTarget() {}

  /** Decodes the input; anything thrown but refusals is a fault, and so is more than the limit. */
  public static void fuzzerTestOneInput(byte[] input) {
    HpackDecoder decoder = new HpackDecoder();
    int at = 0;
    try {
      while (at < input.length) {
        int end = Math.min(input.length, at + 1 + (input[at] & 0xFF));
        check(decoder.decode(Arrays.copyOfRange(input, at + 1, end), LIMIT));
        at = end;
      }
    } catch (Http2Exception refused) {
      // The connection ends.
    }
  }

  private static void check(List<HpackDecoder.Field> fields) {
    ByteArrayOutputStream literals = new ByteArrayOutputStream();
    long bytes = 0;
    for (HpackDecoder.Field field : fields) {
      if (bytes > LIMIT) {
        throw new AssertionError(fields.size() + " fields have more than " + LIMIT + " bytes");
      }
      bytes += (long) field.name().length() + field.value().length();
      literals.write(0);
      text(field.name(), literals);
      text(field.value(), literals);
    }
    List<HpackDecoder.Field> again = new HpackDecoder().decode(literals.toByteArray(), LIMIT);
    if (!again.equals(fields)) {
      throw new AssertionError("decoded once: " + fields + "\ntwice: " + again);
    }
  }

  private static void text(String text, ByteArrayOutputStream out) {
    out.write(Math.min(text.length(), 0x7F));
    if (text.length() >= 0x7F) {
      int left = text.length() - 0x7F;
      for (; left >= 0x80; left >>= 7) {
        out.write((left & 0x7F) | 0x80);
      }
      out.write(left);
    }
    out.writeBytes(text.getBytes(StandardCharsets.ISO_8859_1));
  }
}
