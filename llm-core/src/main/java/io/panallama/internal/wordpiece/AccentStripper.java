package io.panallama.internal.wordpiece;

import static io.panallama.internal.wordpiece.UnicodeTables.DECOMPOSABLE;
import static io.panallama.internal.wordpiece.UnicodeTables.NONSPACING_MARKS;
import static io.panallama.internal.wordpiece.UnicodeTables.NONSTARTERS;

import java.text.Normalizer;
import java.util.Arrays;
import java.util.BitSet;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.IntConsumer;

/**
 * Unicode's canonical decomposition (form D) without the non-spacing marks, one character after the other. Not thread-safe.
 *
 * <p>The JDK's normalizer decomposes single characters here. On whole texts it would know marks that came after the
 * version of {@link UnicodeTables}, and take quadratic time to order a long run of marks.
 */
final class AccentStripper implements IntConsumer {
  /** Letters in front of it are neither taken apart nor moved. */
  private static final int FIRST_DECOMPOSABLE = DECOMPOSABLE.nextSetBit(0);

  private final IntConsumer out;

  /** Characters with a combining class that follow each other, to be put in the order of their classes. */
  private int[] run = new int[8];

  private int length;

  AccentStripper(IntConsumer out) {
    this.out = out;
  }

  @Override
  public void accept(int point) {
    if (point < FIRST_DECOMPOSABLE) {
      flush();
      out.accept(point);
    } else if (DECOMPOSABLE.get(point)) {
      Normalizer.normalize(Character.toString(point), Normalizer.Form.NFD).codePoints().forEach(this::place);
    } else {
      place(point);
    }
  }

  private void place(int point) {
    boolean nonstarter = NONSTARTERS.get(point);
    if (!nonstarter) {
      flush();
    }
    if (NONSPACING_MARKS.get(point)) {
      return;
    }
    if (nonstarter) {
      if (length == run.length) {
        run = Arrays.copyOf(run, 2 * length);
      }
      run[length++] = point;
    } else {
      out.accept(point);
    }
  }

  /** Hands on what was held back; to be called at the end of the text. */
  void flush() {
    if (length > 1) {
      Order.sort(run, length);
    }
    for (int i = 0; i < length; i++) {
      out.accept(run[i]);
    }
    length = 0;
  }

  /** The canonical order of the nonstarters that are kept. Few texts need it. */
  private static final class Order {
    private static final Map<Integer, Integer> RANKS = ranks();

    /** Their combining classes, counted from 0; the JDK does not tell the classes themselves. */
    private static Map<Integer, Integer> ranks() {
      BitSet kept = (BitSet) NONSTARTERS.clone();
      kept.andNot(NONSPACING_MARKS);
      List<Integer> sorted = kept.stream().boxed().sorted(Order::compare).toList();
      Map<Integer, Integer> ranks = new HashMap<>();
      int rank = 0;
      for (int i = 0; i < sorted.size(); i++) {
        rank += i > 0 && compare(sorted.get(i - 1), sorted.get(i)) < 0 ? 1 : 0;
        ranks.put(sorted.get(i), rank);
      }
      return ranks;
    }

    private static int compare(int one, int other) {
      return swaps(one, other) ? 1 : swaps(other, one) ? -1 : 0;
    }

    private static boolean swaps(int first, int second) {
      String text = Character.toString(first) + Character.toString(second);
      return !Normalizer.isNormalized(text, Normalizer.Form.NFD);
    }

    /** Sorts by class, and keeps the order within each. */
    static void sort(int[] points, int length) {
      long[] keys = new long[length];
      for (int i = 0; i < length; i++) {
        keys[i] = (long) RANKS.getOrDefault(points[i], 0) << Integer.SIZE | i;
      }
      Arrays.sort(keys);
      int[] before = Arrays.copyOf(points, length);
      for (int i = 0; i < length; i++) {
        points[i] = before[(int) keys[i]];
      }
    }
  }
}
