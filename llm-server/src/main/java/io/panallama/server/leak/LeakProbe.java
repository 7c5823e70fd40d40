package io.panallama.server.leak;

import java.util.Map;
import java.util.Set;

/** Measures what a server holds. For one thread. */
public interface LeakProbe {
  /**
   * A measurement.
   *
   * @param values without the owners of which nothing is known now
   * @param workers the processes that compute for the server; where these are others than before, the owners that are theirs begin
   *     anew
   */
  record Measurement(Map<Owner, Long> values, Set<Long> workers) {}

  /** Measures now. */
  Measurement measure();
}
