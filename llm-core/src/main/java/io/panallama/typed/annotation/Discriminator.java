package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Names the property that tells which record of a sealed interface an object is; {@link #DEFAULT} without this annotation. Its values are the simple names of the records, or the {@link Name} annotations on them.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.TYPE)
public @interface Discriminator {
  /** The property of sealed interfaces without this annotation. */
  String DEFAULT = "type";

  /** The property's name, which must not be that of a component of one of the records. */
  String value();
}
