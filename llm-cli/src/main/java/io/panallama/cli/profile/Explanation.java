package io.panallama.cli.profile;

import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** What a recording says, as lines of text. */
public final class Explanation {
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("HH:mm:ss.SSS", Locale.ROOT).withZone(ZoneOffset.UTC);

  private Explanation() {}

  /**
   * The causes of the longest spikes, what they mean, and what was done meanwhile.
   *
   * @param most how many spikes of each kind are listed
   */
  public static List<String> lines(FlightLog log, int most) {
    List<Spike> spikes = SpikeFinder.find(log);
    List<String> lines = new ArrayList<>();
    for (Spike.Kind kind : Spike.Kind.values()) {
      List<Spike> some = spikes.stream().filter(spike -> spike.kind() == kind).toList();
      lines.add(title(kind) + ": " + (some.isEmpty() ? "no spikes" : summary(some)));
      for (Spike spike : some.subList(0, Math.min(most, some.size()))) {
        lines.add(
            String.format(
                Locale.ROOT,
                "  %s  %9s  %-18s %s",
                time(spike.start()),
                Figures.millis(spike.nanos()),
                spike.cause().label(),
                spike.detail()));
      }
    }
    spikes.stream().map(Spike::cause).distinct().forEach(cause -> lines.add(cause.label() + ": " + cause.meaning()));
    Figures.of(log).forEach(row -> lines.add(String.format(Locale.ROOT, "%-42s %s", row.name(), row.value())));
    return lines;
  }

  static String title(Spike.Kind kind) {
    return switch (kind) {
      case NEXT_TOKEN -> "Between tokens";
      case FIRST_TOKEN -> "Before the first step of a generation";
      case READER -> "From the sample to the reader";
    };
  }

  /** How many there are, and of which causes, those with most time first. */
  static String summary(List<Spike> spikes) {
    Map<Cause, Long> counts = new EnumMap<>(Cause.class);
    Map<Cause, Long> times = new EnumMap<>(Cause.class);
    for (Spike spike : spikes) {
      counts.merge(spike.cause(), 1L, Long::sum);
      times.merge(spike.cause(), spike.nanos(), Long::sum);
    }
    StringBuilder text = new StringBuilder(spikes.size() + (spikes.size() == 1 ? " spike" : " spikes")).append(" (");
    String separator = "";
    for (Map.Entry<Cause, Long> cause :
        times.entrySet().stream().sorted(Map.Entry.<Cause, Long>comparingByValue().reversed()).toList()) {
      text.append(separator).append(cause.getKey().label()).append(' ').append(counts.getOrDefault(cause.getKey(), 0L));
      separator = ", ";
    }
    return text.append(')').toString();
  }

  /** A time of the day, UTC. */
  static String time(long nanos) {
    return TIME.format(Instant.ofEpochSecond(0, nanos));
  }
}
