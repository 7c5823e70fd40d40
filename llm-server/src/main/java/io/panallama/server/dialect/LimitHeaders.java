package io.panallama.server.dialect;

import io.panallama.server.keys.Quota;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.Collectors;

/** What is left of a key's limits, in the headers that clients know. */
public final class LimitHeaders {
  private static final Set<Quota.Kind> REQUESTS = Set.of(Quota.Kind.REQUESTS_PER_MINUTE);
  private static final Set<Quota.Kind> TOKENS = Set.of(Quota.Kind.TOKENS_PER_MINUTE, Quota.Kind.TOKENS_PER_DAY);

  private LimitHeaders() {}

  /** OpenAI's: {@code x-ratelimit-reset-...} is a length of time, such as {@code 6m0s} or {@code 20ms}. */
  public static Map<String, String> openAi(List<Quota> quotas) {
    Map<String, String> headers = new LinkedHashMap<>();
    tightest(quotas, REQUESTS).ifPresent(quota -> openAi(headers, "requests", quota));
    tightest(quotas, TOKENS).ifPresent(quota -> openAi(headers, "tokens", quota));
    return headers;
  }

  private static void openAi(Map<String, String> headers, String what, Quota quota) {
    headers.put("x-ratelimit-limit-" + what, Long.toString(quota.limit()));
    headers.put("x-ratelimit-remaining-" + what, Long.toString(quota.remaining()));
    headers.put("x-ratelimit-reset-" + what, goDuration(quota.untilReset()));
  }

  /** Anthropic's: {@code anthropic-ratelimit-...-reset} is a point in time. */
  public static Map<String, String> anthropic(List<Quota> quotas, Instant now) {
    Map<String, String> headers = new LinkedHashMap<>();
    tightest(quotas, REQUESTS).ifPresent(quota -> anthropic(headers, "requests", quota, now));
    tightest(quotas, TOKENS).ifPresent(quota -> anthropic(headers, "tokens", quota, now));
    return headers;
  }

  private static void anthropic(Map<String, String> headers, String what, Quota quota, Instant now) {
    String prefix = "anthropic-ratelimit-" + what + "-";
    headers.put(prefix + "limit", Long.toString(quota.limit()));
    headers.put(prefix + "remaining", Long.toString(quota.remaining()));
    Instant reset = now.plus(quota.untilReset()).plusMillis(999).truncatedTo(ChronoUnit.SECONDS);
    headers.put(prefix + "reset", reset.toString());
  }

  /** Those of the IETF's draft (draft-ietf-httpapi-ratelimit-headers-10), which has room for all limits. */
  public static Map<String, String> ietf(List<Quota> quotas) {
    if (quotas.isEmpty()) {
      return Map.of();
    }
    String policy = quotas.stream().map(LimitHeaders::policy).collect(Collectors.joining(", "));
    String state =
        quotas.stream()
            .map(quota -> {
              String item = "\"" + name(quota) + "\";r=" + quota.remaining();
              return quota.kind() == Quota.Kind.CONCURRENT_REQUESTS ? item : item + ";t=" + seconds(quota.untilReset());
            })
            .collect(Collectors.joining(", "));
    return Map.of("RateLimit-Policy", policy, "RateLimit", state);
  }

  private static String policy(Quota quota) {
    String item = "\"" + name(quota) + "\";q=" + quota.limit();
    return switch (quota.kind()) {
      case REQUESTS_PER_MINUTE -> item + ";w=60";
      case CONCURRENT_REQUESTS -> item + ";qu=\"concurrent-requests\"";
      case TOKENS_PER_MINUTE -> item + ";qu=\"tokens\";w=60";
      case TOKENS_PER_DAY -> item + ";qu=\"tokens\";w=86400";
    };
  }

  private static String name(Quota quota) {
    return quota.kind().name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static long seconds(Duration time) {
    return time.plusNanos(999_999_999).toSeconds();
  }

  /** Of several limits of one thing the one with the least left. */
  private static Optional<Quota> tightest(List<Quota> quotas, Set<Quota.Kind> kinds) {
    return quotas.stream()
        .filter(quota -> kinds.contains(quota.kind()))
        .min(Comparator.comparingLong(Quota::remaining));
  }

  /** A length of time as Go writes it, which OpenAI's API does, rounded up to milliseconds. */
  static String goDuration(Duration time) {
    long millis = time.plusNanos(999_999).toMillis();
    if (millis < 1000) {
      return millis + "ms";
    }
    long seconds = millis / 1000;
    String rest = millis % 1000 == 0 ? "" : "." + "%03d".formatted(millis % 1000).replaceFirst("0+$", "");
    String text = seconds % 60 + rest + "s";
    if (seconds >= 60) {
      text = seconds / 60 % 60 + "m" + text;
    }
    return seconds >= 3600 ? seconds / 3600 + "h" + text : text;
  }
}
