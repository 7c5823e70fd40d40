package io.panallama.load.measure;

import io.panallama.NativeRuntime;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The machine and the versions of a measurement. Immutable.
 *
 * @param time the time at which this was read
 * @param processor the product's name, or the architecture if the system does not tell
 * @param processors the number of processors that this process may use
 * @param load runnable threads, averaged over the last minute; negative if the system does not tell
 * @param system the operating system and its version
 * @param java the JVM and its version
 * @param llama llama.cpp's version
 * @param cpuLibrary the CPU library that ggml chose, such as {@code "zen4"}
 * @param backend {@code "cpu"} or {@code "cuda"}
 * @param gpus the names of the GPUs that ggml can compute on
 */
public record Machine(
    Instant time,
    String processor,
    int processors,
    double load,
    String system,
    String java,
    String llama,
    String cpuLibrary,
    String backend,
    List<String> gpus) {
  /** With a higher load before the start, the figures are not those of an idle machine. */
  private static final double IDLE_LOAD = 0.5;

  public Machine {
    gpus = List.copyOf(gpus);
  }

  /**
   * This machine, now.
   *
   * @throws io.panallama.error.NativeLibraryException if llama.cpp's libraries cannot be loaded
   */
  public static Machine read() {
    NativeReport natives = NativeRuntime.natives();
    return new Machine(
        Instant.now().truncatedTo(ChronoUnit.SECONDS),
        processorName(),
        Runtime.getRuntime().availableProcessors(),
        ManagementFactory.getOperatingSystemMXBean().getSystemLoadAverage(),
        System.getProperty("os.name") + " " + System.getProperty("os.version") + " " + System.getProperty("os.arch"),
        System.getProperty("java.vm.name") + " " + Runtime.version(),
        natives.llamaVersion(),
        natives.cpuVariant().orElse("unknown"),
        natives.backend(),
        NativeRuntime.devices().stream()
            .filter(device -> device.type() == Device.Type.GPU || device.type() == Device.Type.INTEGRATED_GPU)
            .map(device -> device.description().strip())
            .toList());
  }

  private static String processorName() {
    try {
      for (String line : Files.readAllLines(Path.of("/proc/cpuinfo"))) {
        if (line.startsWith("model name")) {
          return line.substring(line.indexOf(':') + 1).strip();
        }
      }
    } catch (IOException notLinux) {
      // The architecture is all that is known.
    }
    return System.getProperty("os.arch");
  }

  /** Whether the load before the start was too high for the figures of an idle machine. */
  public boolean isBusy() {
    return load > IDLE_LOAD;
  }

  /** Everything by name, in the order to be shown. */
  public Map<String, Object> facts() {
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("time", time.toString());
    facts.put("processor", processor);
    facts.put("processors", processors);
    facts.put("load", load);
    facts.put("system", system);
    facts.put("java", java);
    facts.put("llama.cpp", llama);
    facts.put("cpu library", cpuLibrary);
    facts.put("backend", backend);
    facts.put("gpus", gpus.isEmpty() ? "none" : String.join(", ", gpus));
    return facts;
  }
}
