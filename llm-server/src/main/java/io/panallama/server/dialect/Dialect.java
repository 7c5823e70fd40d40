package io.panallama.server.dialect;

import java.util.List;
import java.util.Set;

/** An API that clients speak: its routes, its errors, and its names of request fields. Safe for any thread. */
public interface Dialect {
  /** A human-readable name, such as {@code "openai"}; also the name of the resource that describes the routes. */
  String name();

  /** The routes of this dialect. No two routes may have the same method and path, across all dialects. */
  List<Route> routes();

  /** Query parameters that this dialect's clients send to any of its routes and that change nothing about the answer. */
  default Set<String> harmlessQuery() {
    return Set.of();
  }

  /** Writes the errors of this dialect's routes. */
  ErrorWriter errors();

  /** This dialect's names of the fields that the core's errors name. */
  FieldNames fieldNames();
}
