package io.panallama.cli;

import io.panallama.error.EmbeddingException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;

/** The texts of the commands that compute them: from arguments, or lines of standard input. */
final class TextInput {
  /** The argument that stands for standard input. */
  static final String STANDARD_INPUT = "-";

  /** The most lines of standard input that are computed together. */
  private static final int TOGETHER = 256;

  /** A text as the library names it. */
  private static final Pattern TEXT = Pattern.compile("\\b(?:texts|documents)\\[(\\d+)]");

  /** What the library advises for a text that is too long. */
  private static final Pattern ADVICE = Pattern.compile("; shorten it, or have it .*$");

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

  /** All of standard input. */
  static String all(CommandContext context) throws IOException {
    return Utf8.decode(context.in().readAllBytes(), 1);
  }

  /**
   * Computes the texts, or without any the lines of standard input: as many together as are there, so that each line is
   * answered without waiting for the next one, and lines that come faster than they are computed share a batch.
   *
   * @param whenTooLong the option that takes a text that is too long, with its value
   * @throws UsageException also if a text is empty
   */
  static void each(CommandContext context, List<String> texts, String whenTooLong, Action action) {
    if (!texts.isEmpty() && !texts.equals(List.of(STANDARD_INPUT))) {
      requireNoInputAmong(texts);
      compute(action, texts, 0, "text ", whenTooLong);
      return;
    }
    try (PipedLines lines = new PipedLines(context.in(), context.signals())) {
      List<String> together = new ArrayList<>();
      Optional<String> line;
      int first = 0;
      do {
        line = lines.next("");
        line.ifPresent(together::add);
        if (!together.isEmpty() && (together.size() == TOGETHER || !lines.isReady())) {
          compute(action, together, first, "line ", whenTooLong);
          first += together.size();
          together.clear();
        }
      } while (line.isPresent());
    }
  }

  private static void requireNoInputAmong(List<String> texts) {
    int place = texts.indexOf(STANDARD_INPUT);
    if (place >= 0) {
      throw new UsageException(
          "text "
              + (place + 1)
              + " is -, which stands for standard input; it must be the only one, or all texts lines of standard"
              + " input.");
    }
  }

  /** Computes texts; an error names a text by what a user calls it. */
  private static void compute(Action action, List<String> texts, int first, String noun, String whenTooLong) {
    for (int i = 0; i < texts.size(); i++) {
      if (texts.get(i).isBlank()) {
        throw new UsageException(noun + (first + i + 1) + " is empty; each text needs at least one character.");
      }
    }
    try {
      action.compute(texts, first);
    } catch (InvalidRequestException refused) {
      if (!TEXT.matcher(refused.parameter()).find()) {
        throw refused;
      }
      String message = placed(refused, first, noun);
      String advised =
          refused instanceof TextTooLongException
              ? ADVICE.matcher(message).replaceFirst("; shorten it, or pass " + whenTooLong + ".")
              : message;
      throw new UsageException(advised, refused);
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
