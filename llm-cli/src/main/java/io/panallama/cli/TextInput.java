package io.panallama.cli;

import io.panallama.error.EmbeddingException;
import io.panallama.error.InvalidRequestException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The texts of the commands that compute them: from arguments, or lines of standard input. */
final class TextInput {
  /** Lines of standard input that are computed together. */
  private static final int TOGETHER = 256;

  /** A text as the library names it. */
  private static final Pattern TEXT = Pattern.compile("\\b(?:texts|documents)\\[(\\d+)]");

  private TextInput() {}

  /** Computes texts. */
  interface Action {
    /**
     * Computes texts that came together.
     *
     * @param first the number of the first one, from 0
     */
    void compute(List<String> texts, int first);
  }

  /** Computes the texts, or without any the lines of standard input, so many at a time. */
  static void each(CommandContext context, List<String> texts, Action action) {
    if (!texts.isEmpty()) {
      compute(action, texts, 0, "text ");
      return;
    }
    try (LineSource lines = new PipedLines(context.in(), context.signals())) {
      List<String> together = new ArrayList<>();
      Optional<String> line;
      int first = 0;
      do {
        line = lines.next("");
        line.ifPresent(together::add);
        if (together.size() == TOGETHER || line.isEmpty() && !together.isEmpty()) {
          compute(action, together, first, "line ");
          first += together.size();
          together.clear();
        }
      } while (line.isPresent());
    }
  }

  /** Computes texts; an error names a text by what a user calls it. */
  private static void compute(Action action, List<String> texts, int first, String noun) {
    try {
      action.compute(texts, first);
    } catch (InvalidRequestException refused) {
      if (!TEXT.matcher(refused.parameter()).find()) {
        throw refused;
      }
      throw new UsageException(placed(refused, first, noun), refused);
    } catch (EmbeddingException failed) {
      throw new EmbeddingException(failed.reason(), placed(failed, first, noun), failed);
    }
  }

  private static String placed(Exception failure, int first, String noun) {
    return TEXT.matcher(String.valueOf(failure.getMessage()))
        .replaceAll(text -> noun + (first + Integer.parseInt(text.group(1)) + 1));
  }

  /** Milliseconds for each of some texts since {@code begin} of {@link System#nanoTime}, to three places. */
  static double latency(long begin, int texts) {
    return Math.round((System.nanoTime() - begin) / 1e3 / Math.max(1, texts)) / 1e3;
  }
}
