package io.panallama.load;

import java.time.Duration;
import java.util.EnumMap;
import java.util.LinkedHashMap;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;

/**
 * A service level objective: a good request keeps all limits. Without limits every complete answer is good. Immutable.
 *
 * @param limits the longest time allowed, by measure
 */
public record Slo(Map<Measure, Duration> limits) {
  /** The measures that can have a limit. */
  public enum Measure {
    /** Time to first token. */
    TTFT,
    /** The 99th percentile of the times between events of one request. */
    ITL,
    /** Time per output token after the first. */
    TPOT,
    /** The whole request. */
    E2E;

    private String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    private long of(RequestRecord request) {
      return switch (this) {
        case TTFT -> request.timeToFirstToken();
        case ITL -> request.slowGap();
        case TPOT -> request.timePerToken();
        case E2E -> request.endToEnd();
      };
    }
  }

  /**
   * @throws IllegalArgumentException if a limit is not larger than 0
   */
  public Slo {
    limits = Map.copyOf(limits);
    limits.forEach((measure, limit) -> {
      if (limit.isNegative() || limit.isZero()) {
        throw new IllegalArgumentException(measure.label() + " is " + limit + "; it must be larger than 0");
      }
    });
  }

  /** No limits. */
  public static Slo none() {
    return new Slo(Map.of());
  }

  /**
   * Reads {@code ttft=500ms,itl=50ms}.
   *
   * @throws IllegalArgumentException if the text has another form
   */
  public static Slo parse(String text) {
    Map<Measure, Duration> limits = new EnumMap<>(Measure.class);
    for (String part : text.split(",", -1)) {
      int equals = part.indexOf('=');
      if (equals < 0) {
        throw new IllegalArgumentException("\"" + part + "\" is not of the form ttft=500ms");
      }
      limits.put(measure(part.substring(0, equals).strip()), Durations.parse(part.substring(equals + 1).strip()));
    }
    return new Slo(limits);
  }

  private static Measure measure(String name) {
    for (Measure measure : Measure.values()) {
      if (measure.label().equals(name.toLowerCase(Locale.ROOT))) {
        return measure;
      }
    }
    throw new IllegalArgumentException("\"" + name + "\" is none of ttft, itl, tpot, e2e");
  }

  /** Whether a request has a complete answer that kept every limit; an answer without text keeps none. */
  public boolean isMetBy(RequestRecord request) {
    return request.isOk()
        && (limits.isEmpty() || request.eventCount() > 0)
        && limits.entrySet().stream().allMatch(limit -> limit.getKey().of(request) <= limit.getValue().toNanos());
  }

  /** Limits in milliseconds. */
  Map<String, Object> json() {
    Map<String, Object> json = new LinkedHashMap<>();
    for (Measure measure : Measure.values()) {
      Duration limit = limits.get(measure);
      if (limit != null) {
        json.put(measure.label() + "_ms", limit.toNanos() / 1e6);
      }
    }
    return json;
  }

  /** The form that {@link #parse} reads. */
  @Override
  public String toString() {
    return json().entrySet().stream()
        .map(limit -> limit.getKey().replace("_ms", "") + "=" + Durations.text((Double) limit.getValue()))
        .collect(Collectors.joining(","));
  }
}
