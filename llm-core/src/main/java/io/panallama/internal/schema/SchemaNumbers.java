package io.panallama.internal.schema;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.BooleanNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.internal.schema.NumberRules.Bound;
import java.math.BigDecimal;
import java.math.BigInteger;
import java.math.RoundingMode;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Rewrites the bounds of numbers as rules of a grammar, which the bridge puts in place of a constant with the key {@value #RULE}.
 * llama.cpp's converter knows only bounds of integers, and with one bound alone its rules allow what is none: {@code -05} below
 * 0, or 10 from 100 on.
 */
final class SchemaNumbers {
  /** The key of a constant that stands for a rule of a grammar. */
  static final String RULE = "panallama:gbnf";

  /** The most digits of a bound; 128-bit integers have 39. */
  private static final int MAX_DIGITS = 40;

  /** The most multiples that are listed one by one. */
  private static final int MAX_LISTED = 1000;

  private static final BigDecimal MAX_DOUBLE = new BigDecimal(Double.toString(Double.MAX_VALUE));

  private static final Set<String> BOUNDS = Set.of("minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum");

  private final ObjectNode schema;
  private final Omitting omitting;

  /** Drops a keyword that can't be enforced, or refuses the schema. */
  @FunctionalInterface
  interface Omitting {
    void omit(String keyword, String reason);
  }

  private SchemaNumbers(ObjectNode schema, Omitting omitting) {
    this.schema = schema;
    this.omitting = omitting;
  }

  /** Rewrites a schema of type {@code integer} or {@code number} in place. */
  static void rewrite(ObjectNode schema, Omitting omitting) {
    new SchemaNumbers(schema, omitting).rewrite();
  }

  private void rewrite() {
    draft4("minimum", "exclusiveMinimum");
    draft4("maximum", "exclusiveMaximum");
    for (String bound : List.copyOf(BOUNDS)) {
      JsonNode value = schema.get(bound);
      if (value != null && value.isNumber() && isBeyondDoubles(bound, value.decimalValue())) {
        schema.remove(bound);
      } else if (value != null && !value.isNumber()) {
        omitting.omit(bound, bound + " must be a number");
      } else if (value != null && digits(value.decimalValue()) > MAX_DIGITS) {
        omitting.omit(bound, bound + " has more than " + MAX_DIGITS + " digits, which can't be enforced");
      }
    }
    Bound from = tighter(bound("minimum", false), bound("exclusiveMinimum", true), 1);
    Bound to = tighter(bound("maximum", false), bound("exclusiveMaximum", true), -1);
    if (from != null && to != null) {
      int order = from.value().compareTo(to.value());
      if (order > 0 || order == 0 && (from.excluded() || to.excluded())) {
        omitting.omit(
            schema.has("maximum") ? "maximum" : "exclusiveMaximum",
            "no number is both as large as the minimum and as small as the maximum");
        schema.remove("exclusiveMaximum");
        to = null;
      }
    }
    BigDecimal step = step();
    if (schema.path("type").asText().equals("integer") || step != null && whole(step)) {
      integer(from, to, step);
    } else {
      number(from, to, step);
    }
  }

  /** Whether a bound is no bound, as for what other languages call a float64: no number beyond it is written. */
  private static boolean isBeyondDoubles(String bound, BigDecimal value) {
    boolean upper = bound.equals("maximum") || bound.equals("exclusiveMaximum");
    return value.abs().compareTo(MAX_DOUBLE) >= 0 && value.signum() == (upper ? 1 : -1);
  }

  private static long digits(BigDecimal value) {
    long scale = value.scale();
    return Math.max(value.precision(), Math.max(value.precision() - scale, scale));
  }

  /** In draft 4 the exclusive bounds are switches of the others. */
  private void draft4(String bound, String exclusive) {
    if (schema.get(exclusive) instanceof BooleanNode excluded) {
      schema.remove(exclusive);
      JsonNode value = schema.get(bound);
      if (excluded.booleanValue() && value != null) {
        schema.remove(bound);
        schema.set(exclusive, value);
      }
    }
  }

  private @Nullable Bound bound(String keyword, boolean excluded) {
    JsonNode value = schema.get(keyword);
    return value == null ? null : new Bound(value.decimalValue(), excluded);
  }

  private static @Nullable Bound tighter(@Nullable Bound included, @Nullable Bound excluded, int sign) {
    if (included == null || excluded == null) {
      return included == null ? excluded : included;
    }
    return sign * excluded.value().compareTo(included.value()) >= 0 ? excluded : included;
  }

  /** The {@code multipleOf} that constrains anything; null if there is none. */
  private @Nullable BigDecimal step() {
    JsonNode value = schema.get("multipleOf");
    if (value == null) {
      return null;
    }
    if (!value.isNumber() || value.decimalValue().signum() <= 0 || digits(value.decimalValue()) > MAX_DIGITS) {
      omitting.omit("multipleOf", "multipleOf must be a number above 0, of at most " + MAX_DIGITS + " digits");
      return null;
    }
    return value.decimalValue().stripTrailingZeros();
  }

  private static boolean whole(BigDecimal value) {
    return value.scale() <= 0;
  }

  private void integer(@Nullable Bound from, @Nullable Bound to, @Nullable BigDecimal step) {
    BigInteger low = from == null ? null : rounded(from, RoundingMode.CEILING, BigInteger.ONE);
    BigInteger high = to == null ? null : rounded(to, RoundingMode.FLOOR, BigInteger.ONE.negate());
    if (low != null && high != null && low.compareTo(high) > 0) {
      omitting.omit(
          schema.has("maximum") ? "maximum" : "exclusiveMaximum",
          "no number is both as large as the minimum and as small as the maximum");
      high = null;
    }
    if (step != null && BigDecimal.ONE.remainder(step).signum() != 0) {
      if (list(low, high, step)) {
        return;
      }
      omitting.omit("multipleOf", "multipleOf can't be enforced for more than " + MAX_LISTED + " values");
    }
    if (low == null && high == null) {
      replaceBounds();
      schema.put("type", "integer");
    } else {
      rule(NumberRules.integers(low, high));
    }
  }

  private static BigInteger rounded(Bound bound, RoundingMode mode, BigInteger next) {
    BigDecimal whole = bound.value().setScale(0, mode);
    boolean excluded = bound.excluded() && whole.compareTo(bound.value()) == 0;
    return excluded ? whole.toBigInteger().add(next) : whole.toBigInteger();
  }

  /** Replaces the schema by the multiples between the bounds, if there are some, but not too many. */
  private boolean list(@Nullable BigInteger low, @Nullable BigInteger high, BigDecimal step) {
    if (low == null || high == null || !whole(step)) {
      return false;
    }
    BigInteger by = step.toBigIntegerExact();
    BigInteger first = new BigDecimal(low).divide(step, 0, RoundingMode.CEILING).toBigInteger().multiply(by);
    BigInteger count = high.subtract(first).divide(by).add(BigInteger.ONE);
    if (first.compareTo(high) > 0 || count.compareTo(BigInteger.valueOf(MAX_LISTED)) > 0) {
      return false;
    }
    ArrayNode values = schema.arrayNode();
    for (BigInteger value = first; value.compareTo(high) <= 0; value = value.add(by)) {
      values.add(value);
    }
    clear();
    schema.set("enum", values);
    return true;
  }

  private void number(@Nullable Bound from, @Nullable Bound to, @Nullable BigDecimal step) {
    boolean tenths = step != null && step.unscaledValue().equals(BigInteger.ONE) && step.scale() <= 16;
    if (step != null && !(tenths && from == null && to == null)) {
      omitting.omit(
          "multipleOf", "multipleOf can't be enforced for numbers, except for 1, 0.1, 0.01 and so on without bounds");
      step = null;
    }
    if (step != null) {
      replaceBounds();
      rule("\"-\"? ([0] | [1-9] [0-9]{0,15}) (\".\" [0-9]{1," + step.scale() + "})?");
    } else if (from != null || to != null) {
      String rule = NumberRules.numbers(from, to);
      if (rule == null) {
        throw new IllegalStateException("The bounds were found to be in order");
      }
      rule(rule);
    }
  }

  private void replaceBounds() {
    schema.remove(BOUNDS);
    schema.remove("multipleOf");
  }

  /** Leaves only the definitions that are kept in the schema of the whole. */
  private void clear() {
    schema.retain("$defs");
  }

  private void rule(String gbnf) {
    clear();
    schema.putObject("const").put(RULE, gbnf);
  }
}
