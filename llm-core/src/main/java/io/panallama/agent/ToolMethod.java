package io.panallama.agent;

import java.lang.annotation.Documented;
import java.lang.annotation.ElementType;
import java.lang.annotation.Retention;
import java.lang.annotation.RetentionPolicy;
import java.lang.annotation.Target;

/**
 * A method that a model may call.
 *
 * <p>Its parameters and its result have the types listed in {@link io.panallama.typed}; {@code Optional} parameters may be left out. {@link io.panallama.typed.annotation.Description} tells the model what a parameter is for, and {@link io.panallama.typed.annotation.Name} is required for parameters of classes that were compiled without {@code -parameters}. A {@code String} result reaches the model unchanged, any other result as JSON, and no result as {@code "Done."}.
 */
@Documented
@Retention(RetentionPolicy.RUNTIME)
@Target(ElementType.METHOD)
public @interface ToolMethod {
  /** Tells the model what the tool is for. */
  String value();

  /** The tool's name; the method's name if it is empty. */
  String name() default "";
}
