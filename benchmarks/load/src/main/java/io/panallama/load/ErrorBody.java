package io.panallama.load;

import java.io.IOException;
import java.nio.charset.StandardCharsets;

/** Finds the message in the body of an error. */
final class ErrorBody {
  private static final int LONGEST = 200;

  private ErrorBody() {}

  /** OpenAI's {@code error.message} if there is one, else the beginning of the body, on one line. */
  static String message(byte[] body) {
    ChunkParser parser = new ChunkParser(false);
    try {
      parser.read(body, body.length);
    } catch (IOException noJson) {
      // The body is plain text or a page.
    }
    String text = parser.error().isEmpty() ? new String(body, StandardCharsets.UTF_8) : parser.error();
    String line = text.strip().replaceAll("\\s+", " ");
    return line.length() <= LONGEST ? line : line.substring(0, LONGEST) + "...";
  }
}
