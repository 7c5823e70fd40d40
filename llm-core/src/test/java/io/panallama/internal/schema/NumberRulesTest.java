package io.panallama.internal.schema;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.internal.schema.NumberRules.Bound;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class NumberRulesTest {
  private static final Pattern LITERAL = Pattern.compile("\"([^\"]*)\"");

  /** The rules have only literals, classes, groups and counts, so a regular expression says the same. */
  private static Pattern expression(String rule) {
    return Pattern.compile(
        LITERAL
            .matcher(rule)
            .replaceAll(text -> Matcher.quoteReplacement(Pattern.quote(text.group(1))))
            .replace(" ", ""));
  }

  private static boolean allows(String rule, String number) {
    return expression(rule).matcher(number).matches();
  }

  private static boolean isWithin(BigDecimal value, Bound from, Bound to) {
    int above = from == null ? 1 : value.compareTo(from.value());
    int below = to == null ? -1 : value.compareTo(to.value());
    return (above > 0 || above == 0 && !from.excluded()) && (below < 0 || below == 0 && !to.excluded());
  }

  @ParameterizedTest
  @CsvSource({
    "9223372036854775806, 9223372036854775807",
    "-9223372036854775808, 9223372036854775807",
    "0, 18446744073709551615",
    "-340282366920938463463374607431768211456, -1",
    "5, 5",
    "-10, 10",
    "99, 100",
    "1000, 99999",
  })
  void integersAreThoseBetweenTheBounds(BigInteger from, BigInteger to) {
    String rule = NumberRules.integers(from, to);
    for (BigInteger near : new BigInteger[] {from, to, BigInteger.ZERO, BigInteger.TEN, from.add(to).shiftRight(1)}) {
      for (int by = -3; by <= 3; by++) {
        BigInteger value = near.add(BigInteger.valueOf(by));
        boolean within = from.compareTo(value) <= 0 && value.compareTo(to) <= 0;
        assertThat(allows(rule, value.toString()))
            .as("%s within %s and %s: %s", value, from, to, rule)
            .isEqualTo(within);
      }
    }
    assertThat(allows(rule, "00")).isFalse();
    assertThat(allows(rule, "-0")).isFalse();
    assertThat(allows(rule, "01")).isFalse();
  }

  @Test
  void integersWithOneBoundHaveAFewMoreDigits() {
    String above = NumberRules.integers(new BigInteger("9007199254740993"), null);
    assertThat(allows(above, "9007199254740992")).isFalse();
    assertThat(allows(above, "9007199254740993")).isTrue();
    assertThat(allows(above, "90071992547409930")).isTrue();
    String below = NumberRules.integers(null, new BigInteger("-9007199254740993"));
    assertThat(allows(below, "-9007199254740992")).isFalse();
    assertThat(allows(below, "-9007199254740993")).isTrue();
    assertThat(allows(below, "5")).isFalse();
  }

  /** llama.cpp's own rules allow -05 below 0, and 10 from 100 on. */
  @Test
  void oneBoundHoldsAtEachNumber() {
    for (int bound : new int[] {-1001, -1000, -100, -99, -10, -9, -1, 0, 1, 9, 10, 99, 100, 105, 200, 999, 1000}) {
      Pattern above = expression(NumberRules.integers(BigInteger.valueOf(bound), null));
      Pattern below = expression(NumberRules.integers(null, BigInteger.valueOf(bound)));
      for (int value = -1100; value <= 1100; value++) {
        String text = Integer.toString(value);
        assertThat(above.matcher(text).matches()).as("%s >= %s", value, bound).isEqualTo(value >= bound);
        assertThat(below.matcher(text).matches()).as("%s <= %s", value, bound).isEqualTo(value <= bound);
      }
      for (String none : new String[] {"-0", "-05", "00", "05", "-", ""}) {
        assertThat(above.matcher(none).matches() || below.matcher(none).matches()).as(none).isFalse();
      }
    }
  }

  @Test
  void randomIntegersAreThoseBetweenRandomBounds() {
    Random random = new Random(7);
    for (int i = 0; i < 300; i++) {
      BigInteger one = BigInteger.valueOf(random.nextLong() >> random.nextInt(64));
      BigInteger other = BigInteger.valueOf(random.nextLong() >> random.nextInt(64));
      BigInteger from = one.min(other);
      BigInteger to = one.max(other);
      Pattern rule = expression(NumberRules.integers(from, to));
      for (int j = 0; j < 50; j++) {
        BigInteger value =
            j % 2 == 0
                ? BigInteger.valueOf(random.nextLong() >> random.nextInt(64))
                : (j % 4 == 1 ? from : to).add(BigInteger.valueOf(random.nextInt(21) - 10));
        boolean within = from.compareTo(value) <= 0 && value.compareTo(to) <= 0;
        assertThat(rule.matcher(value.toString()).matches())
            .as("%s within %s and %s", value, from, to)
            .isEqualTo(within);
      }
    }
  }

  private static Bound bound(Random random) {
    BigDecimal value =
        new BigDecimal(BigInteger.valueOf(random.nextInt(4001) - 2000L), random.nextInt(4))
            .setScale(random.nextInt(5), java.math.RoundingMode.DOWN);
    return random.nextInt(8) == 0 ? null : new Bound(value, random.nextBoolean());
  }

  @Test
  void randomNumbersAreThoseBetweenRandomBounds() {
    Random random = new Random(3);
    int allowed = 0;
    for (int i = 0; i < 3000; i++) {
      Bound from = bound(random);
      Bound to = bound(random);
      if (from != null && to != null && from.value().compareTo(to.value()) >= 0 || from == null && to == null) {
        continue;
      }
      String rule = NumberRules.numbers(from, to);
      assertThat(rule).isNotNull();
      Pattern expression = expression(rule);
      for (int j = 0; j < 40; j++) {
        Bound near = random.nextBoolean() || from == null ? to == null ? from : to : from;
        BigDecimal by = new BigDecimal(BigInteger.valueOf(random.nextInt(201) - 100L), random.nextInt(5));
        BigDecimal value = random.nextInt(5) == 0 ? near.value() : near.value().add(by);
        if (value.signum() == 0 && value.toPlainString().startsWith("-")) {
          continue;
        }
        boolean within = isWithin(value, from, to);
        allowed += within ? 1 : 0;
        assertThat(expression.matcher(value.toPlainString()).matches())
            .as("%s within %s and %s: %s", value.toPlainString(), from, to, rule)
            .isEqualTo(within);
      }
    }
    assertThat(allowed).isGreaterThan(10_000);
  }
}
