package io.panallama.server.keys;

import java.time.Duration;

/**
 * How much of a limit is left.
 *
 * @param limit the whole
 * @param remaining what is left now, at least 0
 * @param untilReset how long it takes until all is left again, if nothing more is used
 */
public record Quota(Kind kind, long limit, long remaining, Duration untilReset) {
  /** What is limited. */
  public enum Kind {
    /** Requests per minute. */
    REQUESTS_PER_MINUTE,
    /** Requests that are being answered. */
    CONCURRENT_REQUESTS,
    /** Tokens of prompts and answers per minute. */
    TOKENS_PER_MINUTE,
    /** Tokens of prompts and answers in a day of UTC. */
    TOKENS_PER_DAY
  }
}
