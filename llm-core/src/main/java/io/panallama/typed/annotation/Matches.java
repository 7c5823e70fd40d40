package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A regular expression that the whole {@code String} matches: {@code @Matches("[A-Z]{2}-\\d{3}") String code}. Characters, classes, groups, alternatives and quantifiers can be enforced; look-around, lazy quantifiers and back-references are rejected when a request is made, with the reason. Cannot be combined with {@link Length}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE_USE)
public @interface Matches {
  /** The expression without {@code ^} and {@code $}, which are implied. */
  String value();
}
