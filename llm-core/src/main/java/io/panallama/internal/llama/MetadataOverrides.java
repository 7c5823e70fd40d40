package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_kv_override;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.GgufValueType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Applies {@link ModelConfig#metadata} for the checks in Java and for llama.cpp. llama.cpp only warns about a value of the wrong type and continues without it, and truncates a number that is too large; both are rejected here.
 */
public final class MetadataOverrides {
  private MetadataOverrides() {}

  /**
   * Returns a file's header with the configuration's values.
   *
   * @throws ModelLoadException with {@link Reason#METADATA_MISMATCH} if a value does not suit its entry
   */
  public static GgufFile apply(GgufFile file, ModelConfig config) {
    if (config.metadata().isEmpty()) {
      return file;
    }
    Map<String, GgufValue> replaced = new LinkedHashMap<>();
    for (Map.Entry<String, MetadataValue> entry : new TreeMap<>(config.metadata()).entrySet()) {
      String key = entry.getKey();
      replaced.put(key, value(file, key, file.value(key).orElse(null), entry.getValue()));
    }
    return file.replacing(replaced);
  }

  private static GgufValue value(GgufFile file, String key, @Nullable GgufValue old, MetadataValue value) {
    if (old instanceof GgufArray) {
      throw mismatch(file, key, "is a list, and llama.cpp can replace single values only");
    }
    return switch (value) {
      case MetadataValue.IntegerValue(long number) when old == null || old instanceof GgufValue.Int ->
          integer(file, key, old == null ? typeOf(number) : old.type(), number);
      case MetadataValue.FloatValue(double number) when old == null || old instanceof GgufValue.Real ->
          new GgufValue.Real(old == null ? GgufValueType.FLOAT32 : old.type(), number);
      case MetadataValue.BooleanValue(boolean truth) when old == null || old instanceof GgufValue.Bool ->
          new GgufValue.Bool(truth);
      case MetadataValue.TextValue(String text) when old == null || old instanceof GgufValue.Text ->
          new GgufValue.Text(text);
      default ->
          throw mismatch(
              file, key, "is of the type " + (old == null ? "" : old.type()) + ", and the value is " + value);
    };
  }

  private static GgufValueType typeOf(long number) {
    return number >= 0 && number <= 0xFFFF_FFFFL ? GgufValueType.UINT32 : GgufValueType.INT64;
  }

  private static GgufValue integer(GgufFile file, String key, GgufValueType type, long number) {
    try {
      return new GgufValue.Int(type, number);
    } catch (IllegalArgumentException tooLarge) {
      throw mismatch(file, key, "is of the type " + type + ", which can't hold " + number);
    }
  }

  private static ModelLoadException mismatch(GgufFile file, String key, String why) {
    return new ModelLoadException(
        Reason.METADATA_MISMATCH,
        file.path(),
        file.path() + ": metadata can't replace " + key + ": the entry " + why + ".",
        null);
  }

  /** The array that llama.cpp reads, terminated by an empty key; NULL if there are no values. */
  static MemorySegment allocate(Map<String, MetadataValue> metadata, Arena arena) {
    if (metadata.isEmpty()) {
      return MemorySegment.NULL;
    }
    // The arena zeroes the memory, so the last key is empty.
    MemorySegment all = llama_model_kv_override.allocateArray(metadata.size() + 1L, arena);
    int at = 0;
    for (Map.Entry<String, MetadataValue> entry : metadata.entrySet()) {
      MemorySegment one = llama_model_kv_override.asSlice(all, at++);
      llama_model_kv_override.key(one).setString(0, entry.getKey());
      switch (entry.getValue()) {
        case MetadataValue.IntegerValue(long number) -> {
          llama_model_kv_override.tag(one, LlamaCpp.LLAMA_KV_OVERRIDE_TYPE_INT());
          llama_model_kv_override.val_i64(one, number);
        }
        case MetadataValue.FloatValue(double number) -> {
          llama_model_kv_override.tag(one, LlamaCpp.LLAMA_KV_OVERRIDE_TYPE_FLOAT());
          llama_model_kv_override.val_f64(one, number);
        }
        case MetadataValue.BooleanValue(boolean truth) -> {
          llama_model_kv_override.tag(one, LlamaCpp.LLAMA_KV_OVERRIDE_TYPE_BOOL());
          llama_model_kv_override.val_bool(one, truth);
        }
        case MetadataValue.TextValue(String text) -> {
          llama_model_kv_override.tag(one, LlamaCpp.LLAMA_KV_OVERRIDE_TYPE_STR());
          llama_model_kv_override.val_str(one).setString(0, text);
        }
      }
    }
    return all;
  }
}
