package io.panallama.server.metrics;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.stream.Collectors;

/** The memory of this process as Linux counts it, native memory included. */
final class ProcessMemory {
  private static final Path STATUS = Path.of("/proc/self/status");
  private static final long KIB = 1024;

  private ProcessMemory() {}

  /** Adds the metrics where the system tells; elsewhere there are none. */
  static void bindTo(MeterRegistry meters) {
    if (!Files.isReadable(STATUS)) {
      return;
    }
    gauge(meters, "process.resident.memory", "VmRSS", "Memory of the server's process that is in RAM.");
    gauge(meters, "process.virtual.memory", "VmSize", "Address space of the server's process.");
  }

  private static void gauge(MeterRegistry meters, String name, String field, String help) {
    Gauge.builder(name, () -> bytes(field)).baseUnit("bytes").description(help).register(meters);
  }

  private static double bytes(String field) {
    try {
      Map<String, String> fields =
          Files.readString(STATUS)
              .lines()
              .map(line -> line.split(":\\s*", 2))
              .filter(parts -> parts.length == 2)
              .collect(Collectors.toMap(parts -> parts[0], parts -> parts[1], (first, second) -> first));
      String value = fields.getOrDefault(field, "");
      return value.endsWith(" kB") ? Long.parseLong(value.substring(0, value.length() - 3).strip()) * KIB : Double.NaN;
    } catch (IOException | NumberFormatException unknown) {
      return Double.NaN;
    }
  }
}
