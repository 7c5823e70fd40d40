package io.panallama.benchmarks.compare;

import java.io.IOException;
import java.nio.file.DirectoryStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;

/**
 * What a process and those that it has started have used so far. Immutable.
 *
 * @param processorTime of all their threads, also of those that have ended
 * @param switches context switches by thread, voluntary and involuntary; empty if the system does not tell
 */
record ProcessUse(Duration processorTime, Map<Long, Long> switches) {
  /** Nothing is known. */
  static final ProcessUse NONE = new ProcessUse(Duration.ZERO, Map.of());

  ProcessUse {
    switches = Map.copyOf(switches);
  }

  static ProcessUse of(ProcessHandle process) {
    Duration time = Duration.ZERO;
    Map<Long, Long> switches = new HashMap<>();
    for (ProcessHandle one : Stream.concat(Stream.of(process), process.descendants()).toList()) {
      time = time.plus(one.info().totalCpuDuration().orElse(Duration.ZERO));
      read(Path.of("/proc", Long.toString(one.pid()), "task"), switches);
    }
    return new ProcessUse(time, switches);
  }

  private static void read(Path tasks, Map<Long, Long> switches) {
    try (DirectoryStream<Path> threads = Files.newDirectoryStream(tasks)) {
      for (Path thread : threads) {
        try {
          switches.put(
              Long.parseLong(thread.getFileName().toString()), switches(Files.readAllLines(thread.resolve("status"))));
        } catch (IOException ended) {
          // The thread ended between the listing and the reading.
        }
      }
    } catch (IOException endedOrNotLinux) {
      // The map stays as it is.
    }
  }

  /** The sum of both kinds in the lines of {@code /proc/PID/task/TID/status}. */
  static long switches(List<String> status) {
    return status.stream()
        .filter(line -> line.matches("(non)?voluntary_ctxt_switches:\\s*\\d+"))
        .mapToLong(line -> Long.parseLong(line.substring(line.indexOf(':') + 1).strip()))
        .sum();
  }

  /** The processor time since then; 0 if a process of then has ended. */
  Duration processorTimeSince(ProcessUse before) {
    Duration time = processorTime.minus(before.processorTime);
    return time.isNegative() ? Duration.ZERO : time;
  }

  /** The context switches since then, without those of threads that have ended. */
  long switchesSince(ProcessUse before) {
    return switches.entrySet().stream()
        .mapToLong(thread -> thread.getValue() - before.switches.getOrDefault(thread.getKey(), 0L))
        .filter(count -> count > 0)
        .sum();
  }
}
