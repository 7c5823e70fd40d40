package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_tensor_buft_override;
import io.panallama.config.ModelConfig;
import io.panallama.config.SplitMode;
import io.panallama.config.TensorPlacement;
import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.observe.Device;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Selects the devices of a model, as the arrays that llama.cpp reads. Unknown names and numbers are rejected with a list of the existing ones: llama.cpp would read past a list that is too short, and ignore the rest of one that is too long.
 */
final class DeviceChoice {
  private final Path path;
  private final ModelConfig config;
  private final List<Device> gpus;

  DeviceChoice(Path path, ModelConfig config) {
    this.path = path;
    this.config = config;
    this.gpus =
        Natives.mayOffload() ? Natives.devices().stream().filter(device -> isGpu(device.type())).toList() : List.of();
  }

  private static boolean isGpu(Device.Type type) {
    return type == Device.Type.GPU || type == Device.Type.INTEGRATED_GPU;
  }

  /**
   * The NULL-terminated list of devices; NULL for all.
   *
   * @throws ModelLoadException if a device is unknown or not a GPU
   */
  MemorySegment devices(Arena arena) {
    List<String> names = config.devices();
    if (names.isEmpty()) {
      return MemorySegment.NULL;
    }
    MemorySegment list = arena.allocate(ADDRESS, names.size() + 1L);
    for (int i = 0; i < names.size(); i++) {
      String name = names.get(i);
      if (gpus.stream().noneMatch(gpu -> gpu.name().equals(name))) {
        throw unknown("devices has \"" + name + "\"; GPUs here are " + names(gpus) + ".");
      }
      list.setAtIndex(ADDRESS, i, LlamaCpp.ggml_backend_dev_by_name(arena.allocateFrom(name)));
    }
    return list;
  }

  /**
   * The index of the GPU for {@link SplitMode#NONE} and {@link SplitMode#ROW}.
   *
   * @throws ModelLoadException if there are fewer GPUs
   */
  int mainGpu() {
    int count = count();
    if (count > 0 && config.mainGpu() >= count) {
      throw unknown("mainGpu is " + config.mainGpu() + "; it must be 0 to " + (count - 1) + ".");
    }
    return config.mainGpu();
  }

  /**
   * One share for each device that llama.cpp supports; NULL for shares by free memory.
   *
   * @throws ModelLoadException if there are more shares than devices, or no device has a share
   */
  MemorySegment tensorSplit(Arena arena) {
    List<Float> shares = config.tensorSplit();
    long most = LlamaCpp.llama_max_devices();
    int count = count();
    if (shares.size() > (count == 0 ? most : Math.min(count, most))) {
      throw unknown(
          "tensorSplit has "
              + shares.size()
              + " shares; GPUs are "
              + (count == 0 ? "at most " + most : "" + count)
              + ".");
    }
    if (shares.isEmpty()) {
      return MemorySegment.NULL;
    }
    MemorySegment all = arena.allocate(JAVA_FLOAT, most);
    for (int i = 0; i < shares.size(); i++) {
      all.setAtIndex(JAVA_FLOAT, i, shares.get(i));
    }
    return all;
  }

  /** The number of GPUs that the model is given. */
  private int count() {
    return config.devices().isEmpty() ? gpus.size() : config.devices().size();
  }

  /**
   * The list of placements, terminated by an empty one; NULL if there are none.
   *
   * @throws ModelLoadException if a buffer type is unknown
   */
  MemorySegment placements(Arena arena) {
    List<TensorPlacement> placements = config.tensorPlacements();
    if (placements.isEmpty()) {
      return MemorySegment.NULL;
    }
    Map<String, MemorySegment> known = bufferTypes();
    MemorySegment all = llama_model_tensor_buft_override.allocateArray(placements.size() + 1L, arena);
    for (int i = 0; i < placements.size(); i++) {
      TensorPlacement placement = placements.get(i);
      MemorySegment type = known.get(placement.bufferType());
      if (type == null) {
        throw unknown(
            "tensorPlacements has the bufferType \""
                + placement.bufferType()
                + "\"; those here are "
                + String.join(", ", known.keySet())
                + ".");
      }
      MemorySegment one = llama_model_tensor_buft_override.asSlice(all, i);
      llama_model_tensor_buft_override.pattern(one, arena.allocateFrom(placement.pattern()));
      llama_model_tensor_buft_override.buft(one, type);
    }
    return all;
  }

  private Map<String, MemorySegment> bufferTypes() {
    Map<String, MemorySegment> known = new TreeMap<>();
    for (long i = 0; i < LlamaCpp.ggml_backend_dev_count(); i++) {
      MemorySegment device = LlamaCpp.ggml_backend_dev_get(i);
      String name = LlamaCpp.ggml_backend_dev_name(device).getString(0);
      boolean gpu = gpus.stream().anyMatch(one -> one.name().equals(name));
      if (!gpu && LlamaCpp.ggml_backend_dev_type(device) != LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU()) {
        continue;
      }
      add(known, LlamaCpp.ggml_backend_dev_buffer_type(device));
      add(known, LlamaCpp.ggml_backend_dev_host_buffer_type(device));
    }
    return known;
  }

  private static void add(Map<String, MemorySegment> known, MemorySegment type) {
    if (type.address() != 0) {
      known.putIfAbsent(LlamaCpp.ggml_backend_buft_name(type).getString(0), type);
    }
  }

  private static String names(List<Device> devices) {
    return devices.isEmpty() ? "none" : String.join(", ", devices.stream().map(Device::name).toList());
  }

  private ModelLoadException unknown(String message) {
    return new ModelLoadException(Reason.UNKNOWN_DEVICE, path, path + ": " + message, null);
  }
}
