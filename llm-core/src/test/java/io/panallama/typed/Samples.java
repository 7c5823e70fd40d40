package io.panallama.typed;

import io.panallama.typed.annotation.Description;
import io.panallama.typed.annotation.Discriminator;
import io.panallama.typed.annotation.Length;
import io.panallama.typed.annotation.Matches;
import io.panallama.typed.annotation.Name;
import io.panallama.typed.annotation.Range;
import io.panallama.typed.annotation.Size;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.OffsetDateTime;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.Set;
import java.util.UUID;

/** Records of all kinds. */
final class Samples {
  static final List<AnswerType<?>> ALL =
      List.of(
          AnswerType.of(Person.class),
          AnswerType.of(Wholes.class),
          AnswerType.of(Boxes.class),
          AnswerType.of(Fractions.class),
          AnswerType.of(Bounds.class),
          AnswerType.of(Times.class),
          AnswerType.of(Maybe.class),
          AnswerType.of(Invoice.class),
          AnswerType.of(Figure.class),
          AnswerType.of(Expression.class),
          AnswerType.of(Chain.class),
          AnswerType.of(Arrays.class),
          AnswerType.of(Gatherings.class),
          AnswerType.of(Dictionary.class),
          AnswerType.of(Awkward.class),
          AnswerType.of(Größe.class),
          AnswerType.of(Nothing.class),
          AnswerType.of(Mood.class),
          AnswerType.of(LocalDate.class),
          AnswerType.listOf(Point.class),
          AnswerType.of(Tangle.class));

  private Samples() {}

  record Person(@Length(max = 12) String name, int age) {}

  record Wholes(byte b, short s, int i, long l, BigInteger big) {}

  record Boxes(Byte b, Short s, Integer i, Long l, Double d, Boolean flag) {}

  record Fractions(double d, BigDecimal exact) {}

  record Bounds(
      @Range(min = -3, max = -1) int below,
      @Range(min = 0) long above,
      @Range(max = 0) BigInteger notAbove,
      @Range(min = 7, max = 7) byte seven,
      @Range(min = -1000, max = 200000) short clamped,
      @Length(min = 2, max = 4) String some,
      @Matches("[A-Z]{2}-\\d{3}|none") String code) {}

  record Times(LocalDate date, LocalTime time, LocalDateTime both, OffsetDateTime offset, Instant instant, UUID id) {}

  record Maybe(
      Optional<@Length(max = 5) String> text,
      OptionalInt number,
      OptionalLong large,
      OptionalDouble fraction,
      boolean flag,
      Optional<Point> point,
      Optional<List<Boolean>> flags) {}

  record Point(@Range(min = 0, max = 99) int x, @Range(min = 0, max = 99) int y) {}

  enum Mood {
    GOOD,
    @Name("so-so")
    @Description("neither good nor bad")
    MIDDLING,
    BAD {
      @Override
      public String toString() {
        return "awful";
      }
    }
  }

  record Invoice(
      @Description("as printed at the top") @Length(max = 8) String number,
      LocalDate date,
      @Size(min = 1, max = 3) List<Item> items,
      Mood mood) {}

  @Description("one line")
  record Item(@Length(max = 10) String name, @Range(min = 1, max = 99) int count, double price) {}

  @Discriminator("kind")
  sealed interface Figure {}

  sealed interface Round extends Figure {}

  @Name("circle")
  record Circle(@Range(min = 1, max = 9) int radius) implements Round {}

  record Ellipse(@Range(min = 1, max = 9) int a, @Range(min = 1, max = 9) int b) implements Round {}

  record Polygon(@Size(min = 3, max = 4) List<Point> corners) implements Figure {}

  sealed interface Expression {}

  record Sum(Expression left, Expression right) implements Expression {}

  record Constant(@Range(min = 0, max = 9) int value) implements Expression {}

  record Unknown() implements Expression {}

  record Chain(boolean value, Optional<Chain> next) {}

  record Arrays(
      int @Size(max = 3) [] numbers,
      @Length(max = 3) String @Size(min = 1, max = 2) [] names,
      boolean @Size(max = 2) [] @Size(max = 2) [] table) {}

  record Gatherings(
      @Size(max = 4) Set<Mood> moods,
      @Size(max = 3) Collection<@Range(min = 0, max = 5) Integer> all,
      @Size(max = 2) List<@Size(max = 2) List<Boolean>> nested) {}

  record Dictionary(Map<String, @Range(min = 0, max = 9) Integer> counts) {}

  /** Names that the grammar of llama.cpp has for something else. */
  record Awkward(
      boolean root,
      boolean space,
      @Length(max = 2) String string,
      Point value,
      boolean item,
      @Name("say \"it\"") boolean quoted,
      @Name("two\nlines") @Range(min = 0, max = 1) int control) {}

  record Größe(Grüße a, Grüße b, Gräße c, Gräße d) {}

  record Grüße(boolean ja) {}

  record Gräße(Mood nein) {}

  record Nothing() {}

  /** Records that are in several places and in each other. */
  record Tangle(Point a, Point b, Optional<Tangle> inner, Optional<Expression> e, Optional<Constant> c) {}
}
