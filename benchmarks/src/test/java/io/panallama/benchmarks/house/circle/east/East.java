package io.panallama.benchmarks.house.circle.east;

import io.panallama.benchmarks.house.circle.west.West;

/** Half of a cycle that {@code HouseTest} must find. */
public record East(West other) {}
