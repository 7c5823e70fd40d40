package io.panallama.cli;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Finds arguments that are not UTF-8. The JVM puts U+FFFD where bytes are not, so the bytes themselves tell whether that
 * character was meant; only Linux shows them.
 */
final class ArgumentBytes {
  private static final Path COMMAND_LINE = Path.of("/proc/self/cmdline");
  private static final String REPLACEMENT = "\uFFFD";

  private ArgumentBytes() {}

  /** What is wrong with the first argument that is not UTF-8, for the user; empty if all are. */
  static Optional<String> refusal(String... arguments) {
    return refusal(List.of(arguments), ArgumentBytes::ofProcess);
  }

  /** Gives the bytes of the process's own arguments, each with a zero behind it. */
  interface Source {
    byte[] read() throws IOException;
  }

  static Optional<String> refusal(List<String> arguments, Source bytes) {
    if (arguments.stream().noneMatch(argument -> argument.contains(REPLACEMENT))) {
      return Optional.empty();
    }
    List<byte[]> raw = raw(bytes);
    // What stands in front are the JVM's own options.
    int before = raw.size() - arguments.size();
    for (int i = 0; i < arguments.size(); i++) {
      String argument = arguments.get(i);
      boolean meant = before >= 0 && argument.equals(decoded(raw.get(before + i)));
      if (argument.contains(REPLACEMENT) && !meant) {
        return Optional.of(
            "Argument "
                + (i + 1)
                + ", '"
                + argument
                + "', is not UTF-8 text; convert it, or check the encoding of the terminal or script.");
      }
    }
    return Optional.empty();
  }

  private static byte[] ofProcess() throws IOException {
    return Files.readAllBytes(COMMAND_LINE);
  }

  private static List<byte[]> raw(Source source) {
    byte[] all;
    try {
      all = source.read();
    } catch (IOException notLinux) {
      return List.of();
    }
    List<byte[]> words = new ArrayList<>();
    int start = 0;
    for (int i = 0; i < all.length; i++) {
      if (all[i] == 0) {
        words.add(Arrays.copyOfRange(all, start, i));
        start = i + 1;
      }
    }
    return words;
  }

  private static String decoded(byte[] word) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(word)).toString();
    } catch (CharacterCodingException malformed) {
      return "";
    }
  }
}
