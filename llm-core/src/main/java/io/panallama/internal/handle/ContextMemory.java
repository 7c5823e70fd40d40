package io.panallama.internal.handle;

import io.panallama.EngineConfig;
import io.panallama.KvCacheType;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A lower bound for the memory of a KV cache, from the model's metadata.
 *
 * <p>It exists to refuse what can't work: Linux hands out more memory than it has, so an allocation that is far too large
 * succeeds and the process is killed when the cache is cleared. Being a lower bound, it never refuses what would fit:
 * layers of unknown width count nothing, sliding windows count the window only, compressed caches (MLA) their rank.
 */
public final class ContextMemory {
  private ContextMemory() {}

  /** Bytes of keys and values of {@link EngineConfig#contextSize} cells. */
  public static long bytes(Map<String, String> metadata, EngineConfig config) {
    String prefix = metadata.getOrDefault("general.architecture", "") + ".";
    long layers = number(metadata.get(prefix + "block_count"), 0);
    long heads = number(metadata.get(prefix + "attention.head_count"), 0);
    long width = number(metadata.get(prefix + "embedding_length"), 0);
    if (layers == 0 || heads == 0 || width == 0) {
      return 0;
    }
    long window = number(metadata.get(prefix + "attention.sliding_window"), 0);
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

  /** Summed over the layers. The entry is one number for all, or a list with one per layer (0 where there is no cache). */
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

  /** Bytes per element: block size in bytes over 32 elements, ggml's {@code type_traits}. */
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
