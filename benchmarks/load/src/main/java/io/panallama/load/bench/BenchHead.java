package io.panallama.load.bench;

import io.panallama.load.measure.Machine;
import java.util.List;
import java.util.Objects;

/**
 * The facts known before the first result. Immutable.
 *
 * @param machine the machine
 * @param version the version of Panallama
 * @param plan the repetitions
 * @param cases the tests
 */
public record BenchHead(Machine machine, String version, BenchPlan plan, List<BenchCase> cases) {
  public BenchHead {
    Objects.requireNonNull(machine, "machine");
    Objects.requireNonNull(version, "version");
    Objects.requireNonNull(plan, "plan");
    cases = List.copyOf(cases);
  }
}
