package io.panallama.internal.stream;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CharsetDecoder;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;

/**
 * Decodes a stream of bytes into text piece by piece: a character whose bytes are incomplete waits for the next piece. Invalid UTF-8 becomes U+FFFD. Not thread-safe.
 */
final class Utf8Assembler {
  private final CharsetDecoder decoder =
      StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPLACE)
          .onUnmappableCharacter(CodingErrorAction.REPLACE);
  private ByteBuffer pending = ByteBuffer.allocate(64);
  private CharBuffer text = CharBuffer.allocate(64);

  /** Returns the buffer for the next {@code length} bytes, to be filled before {@link #take}. */
  ByteBuffer room(int length) {
    if (pending.remaining() < length) {
      ByteBuffer larger = ByteBuffer.allocate(Math.max(2 * pending.capacity(), pending.position() + length));
      pending.flip();
      larger.put(pending);
      pending = larger;
    }
    return pending;
  }

  /** Takes the characters that are complete now. */
  String take() {
    return decode(false);
  }

  /** Takes everything that is left; an incomplete character becomes U+FFFD. */
  String finish() {
    String rest = decode(true);
    decoder.reset();
    return rest;
  }

  private String decode(boolean endOfInput) {
    pending.flip();
    // One byte gives at most one char, and an incomplete character at the end at most one more.
    if (text.capacity() < pending.remaining() + 1) {
      text = CharBuffer.allocate(2 * pending.remaining() + 1);
    }
    text.clear();
    decoder.decode(pending, text, endOfInput);
    if (endOfInput) {
      decoder.flush(text);
    }
    pending.compact();
    return text.flip().toString();
  }
}
