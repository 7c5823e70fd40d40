package io.panallama.server.leak;

import java.util.Locale;

/**
 * Something that grows with the number of requests.
 *
 * @param perThousand growth per 1,000 requests
 * @param baseline what there was after the warm-up
 * @param now what there is
 * @param requests how many requests came since the warm-up
 */
public record Leak(Owner owner, double perThousand, double baseline, double now, long requests) {
  /** A sentence for the log. */
  public String message() {
    return String.format(
        Locale.ROOT,
        "Something leaks: %s grew by %s per 1,000 requests, from %s after the warm-up to %s, %,d requests later.",
        owner.description(),
        owner.amount(perThousand),
        owner.amount(baseline),
        owner.amount(now),
        requests);
  }
}
