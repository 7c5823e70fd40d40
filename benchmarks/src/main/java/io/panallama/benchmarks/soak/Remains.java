package io.panallama.benchmarks.soak;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * What a server holds while nobody asks it anything.
 *
 * @param footprint of its processes
 * @param sequences running and waiting generations
 * @param cells cells of the KV cache that belong to running generations
 * @param suspected owners that the server itself suspects of a leak
 */
public record Remains(Footprint footprint, long sequences, long cells, List<String> suspected) {
  /** The request by which the number of cells is brought up to date has some itself. */
  static final long CELLS_OF_A_REQUEST = 128;

  /** What the JVM may have more of, and has a use for. */
  static final int SPARE = 8;

  private static final long KIB_PER_MIB = 1024;

  /** How much memory may be more, besides a part of what there was. */
  private static final long SPARE_KIB = 48 * KIB_PER_MIB;

  private static final double PART = 0.10;

  /** Reads it: the processes, and what the server tells in {@code /metrics}. */
  static Remains of(Footprint footprint, String metrics) {
    return new Remains(
        footprint,
        Math.round(sum(metrics, "vllm:num_requests_running{", "") + sum(metrics, "vllm:num_requests_waiting{", "")),
        Math.round(sum(metrics, "panallama_kv_cells{", "state=\"active\"")),
        metrics
            .lines()
            .filter(line -> line.startsWith("panallama_leak_suspected{") && line.endsWith(" 1.0"))
            .map(line -> line.replaceFirst(".*owner=\"([^\"]*)\".*", "$1"))
            .toList());
  }

  private static double sum(String metrics, String name, String label) {
    return metrics
        .lines()
        .filter(line -> line.startsWith(name) && line.contains(label))
        .mapToDouble(line -> Double.parseDouble(line.substring(line.lastIndexOf(' ') + 1)))
        .sum();
  }

  /** What is left of the requests since {@code before}, in a line each; empty if nothing is. */
  public List<String> leaked(Remains before) {
    List<String> leaked = new ArrayList<>();
    more("sequences", 0, sequences, 0).ifPresent(leaked::add);
    more("cells", 0, cells, CELLS_OF_A_REQUEST).ifPresent(leaked::add);
    more("threads", before.footprint.threads(), footprint.threads(), SPARE).ifPresent(leaked::add);
    more("descriptors", before.footprint.descriptors(), footprint.descriptors(), SPARE).ifPresent(leaked::add);
    long spare = SPARE_KIB + Math.round(before.footprint.residentKib() * PART);
    more("KiB of memory", before.footprint.residentKib(), footprint.residentKib(), spare).ifPresent(leaked::add);
    suspected.forEach(owner -> leaked.add("the server itself suspects: " + owner));
    return leaked;
  }

  private static Optional<String> more(String what, long before, long now, long spare) {
    return now - before > spare
        ? Optional.of(String.format(Locale.ROOT, "%s: %,d after %,d", what, now, before))
        : Optional.empty();
  }

  /** All of it, in a line. */
  public String line() {
    return String.format(
        Locale.ROOT,
        "%d sequences, %d cells, %d threads, %d descriptors, %.1f MiB (and %.1f MiB of files)",
        sequences,
        cells,
        footprint.threads(),
        footprint.descriptors(),
        footprint.residentKib() / (double) KIB_PER_MIB,
        footprint.mappedKib() / (double) KIB_PER_MIB);
  }
}
