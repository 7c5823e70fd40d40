package io.panallama.generation;

import java.time.Duration;

/**
 * The durations of a generation's phases, measured on the engine's side of the mailbox.
 *
 * @param queued from submission to the first step that computed part of the prompt
 * @param prefill from there to the first generated token
 * @param decode from the first to the last generated token
 */
public record Timings(Duration queued, Duration prefill, Duration decode) {
  /** Time to first token (TTFT), from submission to the first generated token. */
  public Duration timeToFirstToken() {
    return queued.plus(prefill);
  }

  /** Time from submission to the last generated token. */
  public Duration total() {
    return queued.plus(prefill).plus(decode);
  }
}
