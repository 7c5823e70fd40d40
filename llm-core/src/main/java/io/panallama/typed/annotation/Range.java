package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Bounds of a whole number, both inclusive: {@code @Range(min = 1, max = 6) int dots}, {@code List<@Range(min = 0) Integer>}. For
 * {@code byte}, {@code short}, {@code int}, {@code long} and {@code BigInteger}; numbers with a fraction can't be bounded.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Range {
  /** The largest bound that can be enforced, 2^53, and the default of {@link #max}. */
  long LARGEST = 1L << 53;

  /** The minimum, at least -2^53. */
  long min() default -LARGEST;

  /** The maximum, at most 2^53. */
  long max() default LARGEST;
}
