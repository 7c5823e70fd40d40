package io.panallama.generation;

import java.time.Duration;

/**
 * The durations of a generation's phases, measured on the engine's side of the mailbox.
 *
 * @param queued from submission to the first step that computed part of the prompt
 * @param prefill from there to the first generated token
 * @param decode from the first to the last generated token
 * @param resumed how many times the generation was continued in a new worker, because the one that computed it had died
 *     ({@link io.panallama.IsolatedEngine}); {@code decode} includes the pauses
 */
public record Timings(Duration queued, Duration prefill, Duration decode, int resumed) {
  /** The durations of a generation that was not interrupted. */
  public Timings(Duration queued, Duration prefill, Duration decode) {
    this(queued, prefill, decode, 0);
  }

  /** Time to first token (TTFT), from submission to the first generated token. */
  public Duration timeToFirstToken() {
    return queued.plus(prefill);
  }

  /** Time from submission to the last generated token. */
  public Duration total() {
    return queued.plus(prefill).plus(decode);
  }
}
