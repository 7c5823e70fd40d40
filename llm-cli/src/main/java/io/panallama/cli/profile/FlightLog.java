package io.panallama.cli.profile;

import java.util.List;

/**
 * What a recording says of all processes that it covers: a server, and those that compute for it.
 *
 * @param processes the server first
 * @param start when the recording began, in nanoseconds since 1970
 * @param end when it ended
 */
public record FlightLog(List<JvmLog> processes, long start, long end) {
  /** Whether it has steps, requests or anything else of Panallama. */
  public boolean isOfPanallama() {
    return processes.stream()
        .anyMatch(
            log -> !log.steps.isEmpty() || !log.requests.isEmpty() || !log.emits.isEmpty() || !log.memory.isEmpty());
  }
}
