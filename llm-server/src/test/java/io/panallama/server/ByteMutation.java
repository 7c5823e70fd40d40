package io.panallama.server;

import java.io.ByteArrayOutputStream;
import java.util.Arrays;
import java.util.Random;

/** Changes of a message as bytes, for fuzzers. */
final class ByteMutation {
  private ByteMutation() {}

  /** Changes a byte, or leaves out, repeats or inserts some; never to nothing. */
  static byte[] any(byte[] bytes, Random random) {
    int at = random.nextInt(bytes.length);
    int end = Math.min(bytes.length, at + 1 + random.nextInt(12));
    byte[] noise = new byte[1 + random.nextInt(12)];
    random.nextBytes(noise);
    return switch (random.nextInt(6)) {
      case 0 -> joined(bytes, at, new byte[] {(byte) random.nextInt(256)}, at + 1);
      case 1 -> joined(bytes, at, new byte[] {(byte) (bytes[at] ^ 1 << random.nextInt(8))}, at + 1);
      case 2 -> joined(bytes, at, repeated(Arrays.copyOfRange(bytes, at, end), 1 << random.nextInt(12)), end);
      case 3 -> joined(bytes, at, noise, random.nextBoolean() ? at : end);
      case 4 -> Arrays.copyOf(bytes, Math.max(1, at));
      default -> end - at == bytes.length ? bytes : joined(bytes, at, new byte[0], end);
    };
  }

  /** The bytes to {@code to}, these, and those from {@code from}. */
  static byte[] joined(byte[] bytes, int to, byte[] middle, int from) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.write(bytes, 0, to);
    out.writeBytes(middle);
    out.write(bytes, from, bytes.length - from);
    return out.toByteArray();
  }

  static byte[] repeated(byte[] bytes, int times) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    for (int i = 0; i < times; i++) {
      out.writeBytes(bytes);
    }
    return out.toByteArray();
  }
}
