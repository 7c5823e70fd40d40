package io.panallama.internal.types;

import java.lang.annotation.Annotation;
import java.lang.reflect.AnnotatedType;
import java.lang.reflect.Type;
import org.jspecify.annotations.Nullable;

/** A class in a position that can't have annotations, as an {@link AnnotatedType}. */
record Unannotated(Type type) implements AnnotatedType {
  static AnnotatedType of(Class<?> type) {
    return new Unannotated(type);
  }

  @Override
  public Type getType() {
    return type;
  }

  @Override
  public <T extends Annotation> @Nullable T getAnnotation(Class<T> annotation) {
    return null;
  }

  @Override
  public Annotation[] getAnnotations() {
    return new Annotation[0];
  }

  @Override
  public Annotation[] getDeclaredAnnotations() {
    return new Annotation[0];
  }

  @Override
  public @Nullable AnnotatedType getAnnotatedOwnerType() {
    return null;
  }
}
