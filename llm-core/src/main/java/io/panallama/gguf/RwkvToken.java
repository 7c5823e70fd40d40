package io.panallama.gguf;

import java.io.ByteArrayOutputStream;

/** The escapes in the tokens of RWKV vocabularies: {@code llama_unescape_rwkv_token} in {@code src/llama-vocab.cpp}. */
final class RwkvToken {
  private RwkvToken() {}

  static byte[] unescape(byte[] escaped) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(escaped.length);
    for (int i = 0; i < escaped.length; i++) {
      if (escaped[i] != '\\') {
        out.write(escaped[i]);
        continue;
      }
      if (++i == escaped.length) {
        break;
      }
      switch (escaped[i]) {
        case 't' -> out.write('\t');
        case 'n' -> out.write('\n');
        case 'r' -> out.write('\r');
        case 'x' -> {
          if (i + 2 < escaped.length) {
            out.write(digit(escaped[i + 1]) << 4 | digit(escaped[i + 2]) & 0xF);
          }
          i += 2;
        }
        default -> out.write(escaped[i]);
      }
    }
    return out.toByteArray();
  }

  /** Like upstream, does not check that it is a digit. */
  private static int digit(byte c) {
    return c >= 'a' ? c - 'a' + 10 : c - '0';
  }
}
