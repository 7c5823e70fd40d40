package io.panallama.load.bench;

import io.panallama.load.measure.Machine;
import java.util.List;
import java.util.Objects;

/**
 * What is known before the first result.
 *
 * @param machine where
 * @param version of Panallama
 * @param plan how often
 * @param cases what
 */
public record BenchHead(Machine machine, String version, BenchPlan plan, List<BenchCase> cases) {
  public BenchHead {
    Objects.requireNonNull(machine, "machine");
    Objects.requireNonNull(version, "version");
    Objects.requireNonNull(plan, "plan");
    cases = List.copyOf(cases);
  }
}
