package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Bounds the number of elements of a {@code List}, a {@code Collection}, an array or a {@code Set}: {@code @Size(min = 1, max = 5) List<String> tags}, {@code String @Size(max = 3) [] names}. The elements of a set may repeat in JSON, so its {@code min} can't be larger than 1.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Size {
  /** The minimum, 0 to 2000. */
  int min() default 0;

  /** The maximum, 0 to 2000 and not below {@link #min}. */
  int max() default 2000;
}
