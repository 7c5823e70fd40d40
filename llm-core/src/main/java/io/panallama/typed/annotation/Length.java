package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/** Bounds the number of Unicode characters in a {@code String}, which may be more {@code char}s: {@code @Length(max = 40) String title}. */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Length {
  /** The minimum, 0 to 2000. */
  int min() default 0;

  /** The maximum, 0 to 2000 and not below {@link #min}. */
  int max() default 2000;
}
