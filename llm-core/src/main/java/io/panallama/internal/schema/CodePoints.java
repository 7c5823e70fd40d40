package io.panallama.internal.schema;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.function.IntPredicate;

/**
 * A set of Unicode's code points without surrogates, which no text has on their own. Immutable.
 *
 * @param ranges ascending, neither overlapping nor adjacent
 */
record CodePoints(List<Range> ranges) {
  private static final Range SURROGATES = new Range(Character.MIN_SURROGATE, Character.MAX_SURROGATE);

  /** The code points from one to another, both included. */
  record Range(int from, int to) {}

  /** Copies the list. */
  CodePoints {
    ranges = List.copyOf(ranges);
  }

  static CodePoints of(int codePoint) {
    return range(codePoint, codePoint);
  }

  static CodePoints range(int from, int to) {
    return merged(List.of(new Range(from, to)));
  }

  static CodePoints all(String members) {
    return merged(members.codePoints().mapToObj(one -> new Range(one, one)).toList());
  }

  static CodePoints matching(IntPredicate predicate) {
    List<Range> ranges = new ArrayList<>();
    int begin = -1;
    for (int one = 0; one <= Character.MAX_CODE_POINT + 1; one++) {
      boolean in = one <= Character.MAX_CODE_POINT && predicate.test(one);
      if (in && begin < 0) {
        begin = one;
      } else if (!in && begin >= 0) {
        ranges.add(new Range(begin, one - 1));
        begin = -1;
      }
    }
    return merged(ranges);
  }

  static CodePoints union(List<CodePoints> sets) {
    return merged(sets.stream().flatMap(set -> set.ranges.stream()).toList());
  }

  private static CodePoints merged(List<Range> given) {
    List<Range> ascending = new ArrayList<>();
    for (Range range : given) {
      if (range.from < SURROGATES.from && range.to >= SURROGATES.from) {
        ascending.add(new Range(range.from, SURROGATES.from - 1));
      }
      if (range.to > SURROGATES.to && range.from <= SURROGATES.to) {
        ascending.add(new Range(SURROGATES.to + 1, range.to));
      }
      if (range.to < SURROGATES.from || range.from > SURROGATES.to) {
        ascending.add(range);
      }
    }
    ascending.sort(Comparator.comparingInt(Range::from));
    List<Range> merged = new ArrayList<>();
    for (Range range : ascending) {
      Range last = merged.isEmpty() ? null : merged.getLast();
      if (last != null && range.from <= last.to + 1) {
        merged.set(merged.size() - 1, new Range(last.from, Math.max(last.to, range.to)));
      } else {
        merged.add(range);
      }
    }
    return new CodePoints(merged);
  }

  CodePoints complement() {
    List<Range> others = new ArrayList<>();
    int next = 0;
    for (Range range : ranges) {
      if (range.from > next) {
        others.add(new Range(next, range.from - 1));
      }
      next = range.to + 1;
    }
    if (next <= Character.MAX_CODE_POINT) {
      others.add(new Range(next, Character.MAX_CODE_POINT));
    }
    return merged(others);
  }

  CodePoints without(CodePoints others) {
    return union(List.of(complement(), others)).complement();
  }

  boolean contains(int codePoint) {
    return ranges.stream().anyMatch(range -> range.from <= codePoint && codePoint <= range.to);
  }

  /** The only member; -1 if there are more or none. */
  int single() {
    return ranges.size() == 1 && ranges.getFirst().from == ranges.getFirst().to ? ranges.getFirst().from : -1;
  }
}
