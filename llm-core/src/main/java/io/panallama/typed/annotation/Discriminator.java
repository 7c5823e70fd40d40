package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The property that says which record of a sealed interface an object is; {@link #DEFAULT} without this annotation. Its values are
 * the simple names of the records, or what {@link Name} on them says.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Discriminator {
  /** The property of sealed interfaces that name none. */
  String DEFAULT = "type";

  /** Not the name of a component of one of the records. */
  String value();
}
