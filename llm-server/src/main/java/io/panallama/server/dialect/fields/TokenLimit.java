package io.panallama.server.dialect.fields;

import io.panallama.request.GenerationOptions;
import io.panallama.server.dialect.ApiException;
import org.jspecify.annotations.Nullable;

/**
 * How many tokens an answer may have, as a request says it. A request that asks for no limit is not one that says nothing: only the
 * latter gets the server's default. Immutable.
 *
 * @param tokens {@link GenerationOptions#UNLIMITED} for no limit but the context; null if the request says nothing
 */
public record TokenLimit(@Nullable Integer tokens) {
  /** That of a request which says nothing. */
  public static final TokenLimit NONE_GIVEN = new TokenLimit(null);

  /** That of a request which asks for no limit. */
  public static final TokenLimit UNLIMITED = new TokenLimit(GenerationOptions.UNLIMITED);

  /** Clients' value for no limit. */
  private static final int NO_LIMIT = -1;

  /**
   * Reads a field with -1 for no limit.
   *
   * @throws ApiException if it is no whole number, or a lower one
   */
  public static TokenLimit read(JsonFields body, String name) {
    Integer value = body.nearestInteger(name);
    if (value == null) {
      return NONE_GIVEN;
    }
    if (value < NO_LIMIT) {
      throw ApiException.invalid(
          body.path(name),
          body.path(name) + " is " + body.shown(name) + "; it must be 0 or more, or -1 for no limit but the context.");
    }
    return value == NO_LIMIT ? UNLIMITED : new TokenLimit(value);
  }

  /** Whether the request says anything. */
  public boolean isGiven() {
    return tokens != null;
  }

  /** The tokens; {@code otherwise} if the request says nothing. */
  public int or(int otherwise) {
    return tokens == null ? otherwise : tokens;
  }
}
