package io.panallama.request;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.InvalidRequestException;
import java.util.Objects;

/**
 * For whom a generation is computed, such as a user or an API key. While generations of several tenants wait at one
 * priority, the engine serves the tenants in proportion to their weights, whatever each of them sends; one that is alone
 * gets everything. Immutable and thread-safe.
 *
 * <p>What counts are tokens, as with the virtual token counters of Sheng et al., "Fairness in Serving Large Language
 * Models" (OSDI 2024): a computed prompt token costs 1, a generated one 2, both divided by the weight. A tenant that was
 * idle has saved up nothing.
 *
 * @param id its name, at most {@link #LONGEST_ID} characters; empty for all generations that name none
 * @param weight its share in proportion to the others', {@link #LEAST_WEIGHT} to {@link #MOST_WEIGHT}; the weight of the
 *     tenant's latest request is that of all of them
 */
public record Tenant(String id, double weight) {
  /** The longest id, in characters. */
  public static final int LONGEST_ID = 256;

  /** The least weight. */
  public static final double LEAST_WEIGHT = 0.01;

  /** The largest weight. */
  public static final double MOST_WEIGHT = 1000;

  /** The tenant of all generations that name none. */
  public static final Tenant SHARED = new Tenant("", 1);

  /**
   * Checks the components.
   *
   * @throws InvalidRequestException if the id is too long or the weight is out of its range
   */
  public Tenant {
    Objects.requireNonNull(id, "id");
    if (id.length() > LONGEST_ID) {
      throw new InvalidRequestException(
          "tenant.id",
          name("tenant.id") + " has " + id.length() + " characters; at most " + LONGEST_ID + " are allowed.");
    }
    if (!(weight >= LEAST_WEIGHT && weight <= MOST_WEIGHT)) {
      throw new InvalidRequestException(
          "tenant.weight",
          name("tenant.weight") + " is " + weight + "; it must be " + LEAST_WEIGHT + " to " + (int) MOST_WEIGHT + ".");
    }
  }

  /** A tenant of weight 1. */
  public static Tenant of(String id) {
    return new Tenant(id, 1);
  }
}
