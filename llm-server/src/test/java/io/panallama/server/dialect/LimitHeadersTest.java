package io.panallama.server.dialect;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.entry;

import io.panallama.server.keys.Quota;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class LimitHeadersTest {
  private static final List<Quota> ALL =
      List.of(
          new Quota(Quota.Kind.REQUESTS_PER_MINUTE, 60, 59, Duration.ofSeconds(1)),
          new Quota(Quota.Kind.CONCURRENT_REQUESTS, 4, 1, Duration.ofSeconds(1)),
          new Quota(Quota.Kind.TOKENS_PER_MINUTE, 1000, 900, Duration.ofSeconds(6)),
          new Quota(Quota.Kind.TOKENS_PER_DAY, 5000, 10, Duration.ofHours(2).plusMillis(1)));

  @ParameterizedTest
  @CsvSource({
    "0, 0ms",
    "1, 1ms",
    "20000000, 20ms",
    "999000001, 1s",
    "1000000000, 1s",
    "1500000000, 1.5s",
    "60000000000, 1m0s",
    "360000000000, 6m0s",
    "3661000000000, 1h1m1s",
    "86399998000001, 23h59m59.999s",
    "86399999900000, 24h0m0s"
  })
  void lengthsOfTimeAreGos(long nanos, String text) {
    assertThat(LimitHeaders.goDuration(Duration.ofNanos(nanos))).isEqualTo(text);
  }

  @Test
  void openAisTellTheTighterLimitOfTokens() {
    assertThat(LimitHeaders.openAi(ALL))
        .containsExactly(
            entry("x-ratelimit-limit-requests", "60"),
            entry("x-ratelimit-remaining-requests", "59"),
            entry("x-ratelimit-reset-requests", "1s"),
            entry("x-ratelimit-limit-tokens", "5000"),
            entry("x-ratelimit-remaining-tokens", "10"),
            entry("x-ratelimit-reset-tokens", "2h0m0.001s"));
    assertThat(LimitHeaders.openAi(ALL.subList(1, 2))).isEmpty();
  }

  @Test
  void anthropicsResetsAreTimesThatAreNotTooEarly() {
    assertThat(LimitHeaders.anthropic(ALL, Instant.parse("2026-11-30T12:00:00.5Z")))
        .containsEntry("anthropic-ratelimit-requests-reset", "2026-11-30T12:00:02Z")
        .containsEntry("anthropic-ratelimit-tokens-reset", "2026-11-30T14:00:01Z")
        .hasSize(6);
  }

  @Test
  void theIetfsHaveAllLimits() {
    assertThat(LimitHeaders.ietf(ALL))
        .containsOnly(
            entry(
                "RateLimit-Policy",
                "\"requests-per-minute\";q=60;w=60, \"concurrent-requests\";q=4;qu=\"concurrent-requests\","
                    + " \"tokens-per-minute\";q=1000;qu=\"tokens\";w=60,"
                    + " \"tokens-per-day\";q=5000;qu=\"tokens\";w=86400"),
            entry(
                "RateLimit",
                "\"requests-per-minute\";r=59;t=1, \"concurrent-requests\";r=1, \"tokens-per-minute\";r=900;t=6,"
                    + " \"tokens-per-day\";r=10;t=7201"));
    assertThat(LimitHeaders.ietf(List.of())).isEmpty();
  }
}
