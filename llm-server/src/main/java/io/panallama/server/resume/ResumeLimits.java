package io.panallama.server.resume;

import java.time.Duration;

/**
 * What streams that can be resumed may take.
 *
 * @param time the longest time for which a stream is kept without a client; zero if no stream can be resumed
 * @param streamBytes the most bytes of the events of one stream
 * @param totalBytes the most bytes of the events of all streams together
 */
public record ResumeLimits(Duration time, long streamBytes, long totalBytes) {
  /** No stream can be resumed. */
  public static final ResumeLimits NONE = new ResumeLimits(Duration.ZERO, 0, 0);
}
