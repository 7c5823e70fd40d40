package io.panallama.benchmarks.house.circle.west;

import io.panallama.benchmarks.house.circle.east.East;

/** Half of a cycle that {@code HouseTest} must find. */
public record West(East other) {}
