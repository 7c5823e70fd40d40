package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.panallama_device_memory;
import io.panallama.config.EngineConfig;
import io.panallama.config.KvCacheType;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Determines in advance how much memory a context will need: Linux overcommits memory, so an allocation that is far too
 * large succeeds, and the process is killed when the KV cache is cleared.
 */
public final class ContextMemory {
  private static final int MOST_DEVICES = 64;

  /** How llama.cpp's plan names the memory of the machine itself. */
  private static final String HOST = "host";

  /**
   * Bytes per cell of llama.cpp's tables on the host, for any model: a position, three numbers of its extension, a shift,
   * and a bit for each of 256 sequences ({@code llama-kv-cells.h}).
   */
  private static final long TABLE_BYTES_PER_CELL = 52;

  private ContextMemory() {}

  /**
   * The memory that a context needs on one device.
   *
   * @param name ggml's name, or {@code "host"}
   * @param model bytes of weights, which are there already
   * @param context bytes of the KV cache
   * @param compute bytes of compute buffers
   * @param free bytes free on the device
   */
  public record Need(String name, long model, long context, long compute, long free) {
    /** Bytes of KV cache and compute buffers. */
    public long needed() {
      return context + compute;
    }

    /** Whether this is the memory of the machine itself. */
    boolean isHost() {
      return name.equals(HOST);
    }
  }

  /**
   * Determines what a context on a loaded model will need on each device: llama.cpp plans it without allocating. It
   * reads the model's metadata again, and its time grows with the context size, so check {@link #leastBytes} first.
   *
   * @throws EngineStartException if llama.cpp rejects the configuration
   */
  public static List<Need> plan(ModelHandle model, Path path, ModelConfig modelConfig, EngineConfig config) {
    try (Arena arena = Arena.ofConfined();
        LogRouter.Capture log = LogRouter.capture()) {
      MemorySegment devices = panallama_device_memory.allocateArray(MOST_DEVICES, arena);
      MemorySegment count = arena.allocate(JAVA_INT);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_memory_estimate(
              arena.allocateFrom(path.toString(), StandardCharsets.UTF_8),
              ModelParams.allocate(path, modelConfig, arena),
              ContextParams.allocate(model, config, arena),
              devices,
              MOST_DEVICES,
              count,
              error.slot());
      if (status != LlamaCpp.PANALLAMA_OK()) {
        String why = error.take();
        throw new EngineStartException(
            Reason.REFUSED, "llama.cpp refused to start: " + why + "; " + log.takeErrors("it gave no reason"), null);
      }
      List<Need> needs = new ArrayList<>();
      for (int i = 0; i < Math.min(count.get(JAVA_INT, 0), MOST_DEVICES); i++) {
        needs.add(need(panallama_device_memory.asSlice(devices, i)));
      }
      return needs;
    }
  }

  private static Need need(MemorySegment device) {
    String name = panallama_device_memory.name(device).getString(0);
    // ggml reports all of the host's memory as free, and a device that does not know reports 0.
    long free = name.equals(HOST) ? SystemMemory.availableBytes() : panallama_device_memory.free(device);
    return new Need(
        name,
        panallama_device_memory.model(device),
        panallama_device_memory.context(device),
        panallama_device_memory.compute(device),
        free == 0 ? Long.MAX_VALUE : free);
  }

  /**
   * A lower bound for {@link EngineConfig#contextSize} cells, from the model's metadata. Layers of unknown width count
   * as nothing, sliding windows only as the window unless they are kept in full, compressed caches (MLA) as their rank.
   */
  public static long leastBytes(Map<String, String> metadata, EngineConfig config) {
    return tableBytes(metadata, config) + cacheBytes(metadata, config);
  }

  /** What llama.cpp's tables take of the host's memory, also while it plans: the layers with a window have their own. */
  static long tableBytes(Map<String, String> metadata, EngineConfig config) {
    int caches = config.fullSlidingWindow() && window(metadata) > 0 ? 2 : 1;
    return config.contextSize() * TABLE_BYTES_PER_CELL * caches;
  }

  private static long window(Map<String, String> metadata) {
    return number(metadata.get(metadata.getOrDefault("general.architecture", "") + ".attention.sliding_window"), 0);
  }

  private static long cacheBytes(Map<String, String> metadata, EngineConfig config) {
    String prefix = metadata.getOrDefault("general.architecture", "") + ".";
    long layers = number(metadata.get(prefix + "block_count"), 0);
    long heads = number(metadata.get(prefix + "attention.head_count"), 0);
    long width = number(metadata.get(prefix + "embedding_length"), 0);
    if (layers == 0 || heads == 0 || width == 0) {
      return 0;
    }
    long window = config.fullSlidingWindow() ? 0 : window(metadata);
    long cells = window > 0 ? Math.min(window, config.contextSize()) : config.contextSize();
    long rank = number(metadata.get(prefix + "attention.kv_lora_rank"), 0);
    if (rank > 0) {
      return (long) (layers * cells * rank * bytesPerElement(config.keyType()));
    }
    long keyLength = number(metadata.get(prefix + "attention.key_length"), width / heads);
    long valueLength = number(metadata.get(prefix + "attention.value_length"), width / heads);
    double perHead = keyLength * bytesPerElement(config.keyType()) + valueLength * bytesPerElement(config.valueType());
    return (long) (cells * perHead * keyValueHeads(metadata.get(prefix + "attention.head_count_kv"), layers, heads));
  }

  /** The sum over all layers. The entry is one number for all, or a list with one per layer (0 if it has no cache). */
  private static long keyValueHeads(@Nullable String entry, long layers, long heads) {
    if (entry == null) {
      return layers * heads;
    }
    if (!entry.startsWith("[")) {
      return layers * number(entry, 0);
    }
    long sum = 0;
    for (String element : entry.substring(1).replace("]", "").split(",")) {
      sum += number(element, 0);
    }
    return sum;
  }

  private static long number(@Nullable String text, long otherwise) {
    if (text == null) {
      return otherwise;
    }
    try {
      return Long.parseLong(text.strip());
    } catch (NumberFormatException notOne) {
      return otherwise;
    }
  }

  /** Bytes per element: the block's bytes divided by its 32 elements, from ggml's {@code type_traits}. */
  private static double bytesPerElement(KvCacheType type) {
    return switch (type) {
      case F32 -> 4;
      case F16, BF16 -> 2;
      case Q8_0 -> 34 / 32.0;
      case Q4_0, IQ4_NL -> 18 / 32.0;
      case Q4_1 -> 20 / 32.0;
      case Q5_0 -> 22 / 32.0;
      case Q5_1 -> 24 / 32.0;
    };
  }
}
