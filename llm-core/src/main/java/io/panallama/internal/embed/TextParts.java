package io.panallama.internal.embed;

import io.panallama.embedding.LongText;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * A text as it is computed.
 *
 * @param parts the tokens of each part
 * @param tokens of all parts
 * @param truncated whether its end was left out
 */
public record TextParts(List<int[]> parts, int tokens, boolean truncated) {
  /**
   * How many tokens the vocabulary puts around a text.
   *
   * @param before such as [CLS]
   * @param after such as [SEP]
   */
  public record Frame(int before, int after) {
    /** The frame of a text, from its tokens with and without those around it. */
    public static Frame of(int[] with, int[] without) {
      for (int before = 0; before + without.length <= with.length; before++) {
        if (Arrays.equals(with, before, before + without.length, without, 0, without.length)) {
          return new Frame(before, with.length - without.length - before);
        }
      }
      return new Frame(0, 0);
    }
  }

  /**
   * Cuts or divides a text that is too long. Each part gets the tokens around it.
   *
   * @param index of the text, for messages
   * @param text its tokens, with those around it
   * @param maxTokens how many tokens a part may have
   * @throws TextTooLongException if it is too long and must not be cut
   * @throws InvalidRequestException if it has no tokens
   */
  public static TextParts of(int index, int[] text, Frame frame, int maxTokens, LongText longText) {
    if (text.length == 0) {
      String name = "texts[" + index + "]";
      throw new InvalidRequestException(
          name, InvalidRequestException.name(name) + " has no tokens; it must have one at least.");
    }
    if (text.length <= maxTokens) {
      return new TextParts(List.of(text), text.length, false);
    }
    int room = maxTokens - frame.before() - frame.after();
    if (longText == LongText.REFUSE || room < 1) {
      throw new TextTooLongException(index, text.length, maxTokens);
    }
    return longText == LongText.TRUNCATE
        ? new TextParts(List.of(part(text, frame, 0, room)), maxTokens, true)
        : divide(text, frame, room);
  }

  private static TextParts divide(int[] text, Frame frame, int room) {
    int inner = text.length - frame.before() - frame.after();
    int count = Math.ceilDiv(inner, room);
    List<int[]> parts = new ArrayList<>(count);
    int tokens = 0;
    for (int i = 0; i < count; i++) {
      int[] part = part(text, frame, (int) ((long) inner * i / count), (int) ((long) inner * (i + 1) / count));
      parts.add(part);
      tokens += part.length;
    }
    return new TextParts(parts, tokens, false);
  }

  /** Some of the tokens, counted without those around the text, with those around it. */
  private static int[] part(int[] text, Frame frame, int from, int to) {
    int[] part = new int[frame.before() + to - from + frame.after()];
    System.arraycopy(text, 0, part, 0, frame.before());
    System.arraycopy(text, frame.before() + from, part, frame.before(), to - from);
    System.arraycopy(text, text.length - frame.after(), part, part.length - frame.after(), frame.after());
    return part;
  }
}
