package io.panallama.server.dialect;

import java.util.List;

/** An API that clients speak: its routes, its errors, and what it calls the fields of a request. Safe for any thread. */
public interface Dialect {
  /** A name for people, such as {@code "openai"}. */
  String name();

  /** What this dialect answers. No two dialects may have the same method and path. */
  List<Route> routes();

  /** Writes the errors of this dialect's routes. */
  ErrorWriter errors();

  /** What this dialect calls the fields that the core's errors name. */
  FieldNames fieldNames();
}
