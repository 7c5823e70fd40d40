package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A regular expression that all of a {@code String} matches: {@code @Matches("[A-Z]{2}-\\d{3}") String code}. Characters,
 * classes, groups, alternatives and quantifiers can be enforced; look-around, lazy quantifiers and references back are refused
 * when a request is made, with the reason. Not together with {@link Length}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Matches {
  /** Without {@code ^} and {@code $}, which are understood. */
  String value();
}
