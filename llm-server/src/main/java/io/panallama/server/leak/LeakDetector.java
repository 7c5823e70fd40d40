package io.panallama.server.leak;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * Tells growth with the number of requests from noise. Pure: it is given measurements, and knows no clock. Not thread-safe.
 *
 * <p>After a warm-up, the least value of each window of requests counts, because requests that are running only add to it. A leak is
 * what rises from window to window (Kendall's tau), by more than its owner's threshold per 1,000 requests (the slope of Theil and Sen)
 * and by a least amount altogether. A load that comes and goes does not rise so, and a cache that is filled stops.
 */
public final class LeakDetector {
  private static final double THOUSAND = 1000;

  /** How many windows the baseline and the present are the median of. */
  private static final int FEW = 3;

  private final LeakSettings settings;
  private final Map<Owner, Series> series = new EnumMap<>(Owner.class);
  private long windowBegan = -1;
  private int windowSamples;

  /** A detector that knows nothing yet. */
  public LeakDetector(LeakSettings settings) {
    this.settings = settings;
  }

  /** What was measured of an owner. */
  private static final class Series {
    private final List<Double> requests = new ArrayList<>();
    private final List<Double> floors = new ArrayList<>();
    private @Nullable Long least;
    private double baseline = Double.NaN;
    private double baselineRequests;
    private TheilSen line = new TheilSen(0, 0);
    private boolean leaks;
    private boolean told;

    void add(long value) {
      Long before = least;
      least = before == null ? value : Math.min(before, value);
    }

    /** Ends a window. */
    void close(double middle, LeakSettings settings) {
      Long floor = least;
      least = null;
      if (floor == null) {
        return;
      }
      requests.add(middle);
      floors.add((double) floor);
      if (floors.size() == FEW && Double.isNaN(baseline)) {
        baseline = median(floors);
        baselineRequests = requests.getFirst();
      }
      if (floors.size() > settings.mostWindows()) {
        requests.removeFirst();
        floors.removeFirst();
      }
      line = TheilSen.of(array(requests), array(floors));
    }

    double now() {
      return floors.isEmpty() ? 0 : median(floors.subList(Math.max(0, floors.size() - FEW), floors.size()));
    }

    private static double median(List<Double> values) {
      double[] sorted = array(values);
      Arrays.sort(sorted);
      return sorted[sorted.length / 2];
    }

    private static double[] array(List<Double> values) {
      return values.stream().mapToDouble(Double::doubleValue).toArray();
    }
  }

  /**
   * Takes a measurement.
   *
   * @param requests how many requests have been answered so far
   * @param values what there is of each owner; one that is not known now is left out
   * @return the leaks that have just become certain, each owner's once
   */
  public List<Leak> add(long requests, Map<Owner, Long> values) {
    if (requests < settings.warmUpRequests()) {
      return List.of();
    }
    if (windowBegan < 0) {
      windowBegan = requests;
    }
    values.forEach((owner, value) -> series.computeIfAbsent(owner, _ -> new Series()).add(value));
    windowSamples++;
    if (requests - windowBegan < settings.windowRequests() || windowSamples < settings.windowSamples()) {
      return List.of();
    }
    double middle = (windowBegan + requests) / 2.0;
    windowBegan = requests;
    windowSamples = 0;
    List<Leak> found = new ArrayList<>();
    series.forEach((owner, each) -> {
      each.close(middle, settings);
      decide(owner, each, requests).ifPresent(found::add);
    });
    return found;
  }

  private Optional<Leak> decide(Owner owner, Series each, long requests) {
    double perThousand = each.line.slope() * THOUSAND;
    each.leaks =
        each.floors.size() >= settings.leastWindows()
            && each.line.agreement() >= settings.agreement()
            && perThousand >= owner.perThousand()
            && each.now() - each.baseline >= owner.least();
    if (!each.leaks || each.told) {
      return Optional.empty();
    }
    each.told = true;
    return Optional.of(
        new Leak(owner, perThousand, each.baseline, each.now(), requests - (long) each.baselineRequests));
  }

  /** Forgets what was measured of an owner, whose process is another one now. What was told of it stays told. */
  public void forget(Owner owner) {
    Series before = series.get(owner);
    if (before != null) {
      Series fresh = new Series();
      fresh.told = before.told;
      series.put(owner, fresh);
    }
  }

  /** Whether an owner leaks now. */
  public boolean leaks(Owner owner) {
    Series known = series.get(owner);
    return known != null && known.leaks;
  }

  /** The growth of an owner per 1,000 requests; 0 while it is unknown. */
  public double perThousand(Owner owner) {
    Series known = series.get(owner);
    return known == null || known.floors.size() < settings.leastWindows() ? 0 : known.line.slope() * THOUSAND;
  }
}
