package io.panallama.typed.annotation;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * Tells the model what a component, a parameter, a type or an enum constant is for. It is part of the shape or the JSON schema that the model sees in the prompt, and constrains nothing.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target({ElementType.RECORD_COMPONENT, ElementType.PARAMETER, ElementType.TYPE, ElementType.FIELD})
public @interface Description {
  /** The description, in the language of the prompt. */
  String value();
}
