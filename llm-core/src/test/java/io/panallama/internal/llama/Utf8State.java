package io.panallama.internal.llama;

import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * How a text in UTF-8 ends, by the JDK's decoder.
 *
 * @param isValid whether more bytes can make it valid
 * @param rest the first bytes of a character whose others are missing
 */
record Utf8State(boolean isValid, List<Byte> rest) {
  static final Utf8State WHOLE = new Utf8State(true, List.of());
  static final Utf8State INVALID = new Utf8State(false, List.of());

  /** The state with these bytes behind it. */
  Utf8State after(byte[] bytes) {
    if (!isValid) {
      return INVALID;
    }
    ByteBuffer input = ByteBuffer.allocate(rest.size() + bytes.length);
    rest.forEach(input::put);
    input.put(bytes).flip();
    CharBuffer output = CharBuffer.allocate(input.remaining());
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(input, output, false);
    if (result.isError()) {
      return INVALID;
    }
    if (!input.hasRemaining()) {
      return WHOLE;
    }
    List<Byte> left = new ArrayList<>();
    while (input.hasRemaining()) {
      left.add(input.get());
    }
    return new Utf8State(true, left);
  }
}
