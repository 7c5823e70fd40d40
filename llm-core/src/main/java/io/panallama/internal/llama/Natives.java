package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.panallama.bindings.BackendChoice;
import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.NativeLoadException;
import io.panallama.bindings.Signatures;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.NumaStrategy;
import io.panallama.error.NativeLibraryException;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/** Loads llama.cpp once per process and reports what was loaded. Thread-safe. */
public final class Natives {
  private static @Nullable NativeReport report;
  private static @Nullable NumaStrategy numa;

  private Natives() {}

  /**
   * Loads the libraries if they are not loaded yet.
   *
   * @throws NativeLibraryException if they can't be found or used
   */
  public static synchronized NativeReport load() {
    if (report == null) {
      try (LogRouter.Capture log = LogRouter.capture()) {
        NativeLibraries libraries = NativeLibraries.load(BackendChoice.AUTO, LogRouter::install);
        report =
            new NativeReport(
                libraries.llamaVersion(),
                libraries.platform(),
                libraries.backend().name().toLowerCase(Locale.ROOT),
                libraries.directory(),
                LlamaWords.cpuVariant(log.lines()),
                libraries.cudaObstacle());
      } catch (NativeLoadException failure) {
        throw new NativeLibraryException(
            NativeLibraryException.Reason.valueOf(failure.reason().name()),
            String.valueOf(failure.getMessage()),
            failure);
      }
    }
    return report;
  }

  /**
   * Loads the libraries and links the calls that a first answer needs.
   *
   * @throws NativeLibraryException if they can't be found or used
   */
  public static void prepare() {
    Signatures.linkBeside();
    load();
    FirstCalls.link();
  }

  /**
   * Whether a model may be put on a GPU. With the CPU backend it may not, even if a user's own libraries list one; on a
   * Mac the ordinary libraries include the GPU.
   */
  static boolean mayOffload() {
    NativeReport loaded = load();
    return !loaded.backend().equals("cpu") || loaded.platform().startsWith("mac-");
  }

  /** The devices that ggml found. */
  public static List<Device> devices() {
    load();
    List<Device> devices = new ArrayList<>();
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment free = arena.allocate(JAVA_LONG);
      MemorySegment total = arena.allocate(JAVA_LONG);
      long count = LlamaCpp.ggml_backend_dev_count();
      for (long i = 0; i < count; i++) {
        MemorySegment device = LlamaCpp.ggml_backend_dev_get(i);
        LlamaCpp.ggml_backend_dev_memory(device, free, total);
        MemorySegment registry = LlamaCpp.ggml_backend_dev_backend_reg(device);
        devices.add(
            new Device(
                LlamaCpp.ggml_backend_dev_name(device).getString(0),
                LlamaCpp.ggml_backend_dev_description(device).getString(0),
                LlamaCpp.ggml_backend_reg_name(registry).getString(0),
                type(LlamaCpp.ggml_backend_dev_type(device)),
                free.get(JAVA_LONG, 0),
                total.get(JAVA_LONG, 0)));
      }
    }
    return List.copyOf(devices);
  }

  /**
   * Distributes threads over the nodes of the machine.
   *
   * @throws IllegalStateException if another strategy was already set: ggml can do this only once
   */
  public static synchronized void initializeNuma(NumaStrategy strategy) {
    load();
    if (numa != null && numa != strategy) {
      throw new IllegalStateException(
          "numa is " + numa + " in this process already; it can't become " + strategy + ".");
    }
    if (numa == null) {
      LlamaCpp.llama_numa_init(
          switch (strategy) {
            case DISTRIBUTE -> LlamaCpp.GGML_NUMA_STRATEGY_DISTRIBUTE();
            case ISOLATE -> LlamaCpp.GGML_NUMA_STRATEGY_ISOLATE();
            case NUMACTL -> LlamaCpp.GGML_NUMA_STRATEGY_NUMACTL();
          });
      numa = strategy;
    }
  }

  /** Whether ggml found a GPU. */
  static boolean hasGpu() {
    return devices().stream()
        .anyMatch(device -> device.type() == Device.Type.GPU || device.type() == Device.Type.INTEGRATED_GPU);
  }

  private static Device.Type type(int type) {
    if (type == LlamaCpp.GGML_BACKEND_DEVICE_TYPE_GPU()) {
      return Device.Type.GPU;
    }
    if (type == LlamaCpp.GGML_BACKEND_DEVICE_TYPE_IGPU()) {
      return Device.Type.INTEGRATED_GPU;
    }
    if (type == LlamaCpp.GGML_BACKEND_DEVICE_TYPE_ACCEL()) {
      return Device.Type.ACCELERATOR;
    }
    return type == LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU() ? Device.Type.CPU : Device.Type.META;
  }

  /** llama.cpp's line of the instruction sets and features in use. */
  public static String systemInfo() {
    load();
    return LlamaCpp.llama_print_system_info().getString(0);
  }
}
