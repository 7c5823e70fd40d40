package io.panallama.server.dialect;

import io.panallama.server.keys.Quota;
import java.util.List;
import java.util.Map;
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

  /** What a key needs for a route of this dialect. */
  default Access access(Route route) {
    return Access.usual(route);
  }

  /**
   * The headers that tell this dialect's clients what is left of their key's limits, by their names. By default they are OpenAI's.
   *
   * @param quotas what is left; at least one
   */
  default Map<String, String> limitHeaders(List<Quota> quotas) {
    return LimitHeaders.openAi(quotas);
  }

  /** Writes the errors of this dialect's routes. */
  ErrorWriter errors();

  /** This dialect's names of the fields that the core's errors name. */
  FieldNames fieldNames();
}
