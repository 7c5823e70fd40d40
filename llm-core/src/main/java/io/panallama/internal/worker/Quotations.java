package io.panallama.internal.worker;

import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/** Finds lines of a log that quote a request, such as a grammar that llama.cpp prints because it does not parse. */
final class Quotations {
  static final String REMOVED = "(a line that quotes a request)";

  /** This many bytes in common are a quotation; names of functions and options in both are usually shorter. */
  private static final int LENGTH = 16;

  private static final long BASE = 0x100000001b3L;

  private Quotations() {}

  /**
   * Replaces every line that has {@value #LENGTH} bytes in a row in common with a request.
   *
   * @param requests their bytes, with texts in UTF-8
   */
  static List<String> removed(List<String> lines, List<byte[]> requests) {
    Set<Long> quoted = new HashSet<>();
    lines.forEach(line -> hashes(line.getBytes(StandardCharsets.UTF_8), quoted::add));
    Set<Long> common = new HashSet<>();
    for (byte[] request : requests) {
      hashes(
          request,
          hash -> {
            if (quoted.contains(hash)) {
              common.add(hash);
            }
          });
    }
    List<String> kept = new ArrayList<>();
    for (String line : lines) {
      boolean[] quotes = {false};
      hashes(line.getBytes(StandardCharsets.UTF_8), hash -> quotes[0] |= common.contains(hash));
      kept.add(quotes[0] ? REMOVED : line);
    }
    return kept;
  }

  @FunctionalInterface
  private interface HashConsumer {
    void accept(long hash);
  }

  /** A polynomial hash of each run of {@link #LENGTH} bytes. */
  private static void hashes(byte[] bytes, HashConsumer consumer) {
    long power = 1;
    for (int i = 0; i < LENGTH; i++) {
      power *= BASE;
    }
    long hash = 0;
    for (int i = 0; i < bytes.length; i++) {
      hash = hash * BASE + bytes[i];
      if (i >= LENGTH) {
        hash -= power * bytes[i - LENGTH];
      }
      if (i >= LENGTH - 1) {
        consumer.accept(hash);
      }
    }
  }
}
