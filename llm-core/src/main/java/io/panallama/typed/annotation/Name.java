package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * The name in JSON if it differs from the one in Java. Applies to a record component, a tool parameter, an enum constant, or a record of a sealed interface.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.PARAMETER, ElementType.TYPE, ElementType.FIELD})
public @interface Name {
  /** The name, which must not be empty. */
  String value();
}
