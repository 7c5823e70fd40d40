package io.panallama.server.dialect;

/** Translates the core's names of request fields into a dialect's. */
@FunctionalInterface
public interface FieldNames {
  /** The dialect's name of a field, or {@code javaPath} itself if the dialect has no other. */
  String wireName(String javaPath);
}
