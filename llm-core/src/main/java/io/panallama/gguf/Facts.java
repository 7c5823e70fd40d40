package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import java.util.Arrays;
import java.util.List;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** A file's metadata as llama.cpp's loader reads it: with exact types, and strings up to the first zero byte. */
final class Facts {
  private final GgufFile file;

  Facts(GgufFile file) {
    this.file = file;
  }

  GgufFile file() {
    return file;
  }

  boolean has(String key) {
    return file.metadata().containsKey(key);
  }

  /** A string as a C string, which ends at the first zero byte. */
  @Nullable String text(String key) {
    GgufValue value = typed(key, GgufValueType.STRING);
    if (!(value instanceof GgufValue.Text text)) {
      return null;
    }
    int end = text.value().indexOf('\0');
    return end < 0 ? text.value() : text.value().substring(0, end);
  }

  OptionalLong u32(String key) {
    return integer(key, GgufValueType.UINT32);
  }

  OptionalLong integer(String key, GgufValueType type) {
    return typed(key, type) instanceof GgufValue.Int number ? OptionalLong.of(number.value()) : OptionalLong.empty();
  }

  long u32(String key, long fallback) {
    return u32(key).orElse(fallback);
  }

  float f32(String key, float fallback) {
    return typed(key, GgufValueType.FLOAT32) instanceof GgufValue.Real number ? (float) number.value() : fallback;
  }

  boolean bool(String key, boolean fallback) {
    return typed(key, GgufValueType.BOOL) instanceof GgufValue.Bool bool ? bool.value() : fallback;
  }

  /** A number that must be present and lie between {@code least} and {@code most}. */
  long required(String key, long least, long most) {
    OptionalLong value = u32(key);
    if (value.isEmpty()) {
      throw corrupt("the key " + key + " is missing");
    }
    return inRange(key, value.getAsLong(), least, most);
  }

  long optional(String key, long fallback, long least, long most) {
    OptionalLong value = u32(key);
    return value.isPresent() ? inRange(key, value.getAsLong(), least, most) : fallback;
  }

  private long inRange(String key, long value, long least, long most) {
    if (value < least || value > most) {
      throw corrupt(key + " is " + value + ", expected " + least + " to " + most);
    }
    return value;
  }

  /**
   * {@code get_key_or_arr} of the loader: one number for all layers, or one for each.
   *
   * @return {@code layers} numbers, all {@code fallback} if there is no such key
   */
  long[] perLayer(String key, int layers, long fallback) {
    long[] values = new long[layers];
    if (!(file.metadata().get(key) instanceof GgufArray array)) {
      Arrays.fill(values, u32(key, fallback));
      return values;
    }
    if (!List.of(GgufValueType.UINT32, GgufValueType.INT32, GgufValueType.BOOL).contains(array.elementType())) {
      throw corrupt(key + " is " + array + ", expected elements of u32 or i32");
    }
    if (array.size() != layers) {
      throw corrupt(key + " has " + array.size() + " elements, expected one for each of the " + layers + " layers");
    }
    for (int i = 0; i < layers; i++) {
      values[i] = array.integer(i) & 0xFFFF_FFFFL;
    }
    return values;
  }

  /** An array of the given type, or null if there is none. */
  @Nullable GgufArray array(String key, GgufValueType... types) {
    GgufValue value = file.metadata().get(key);
    if (value == null) {
      return null;
    }
    if (value instanceof GgufArray array && List.of(types).contains(array.elementType())) {
      return array;
    }
    throw corrupt(
        key
            + " is "
            + (value instanceof GgufArray ? value : value.type())
            + ", expected an array of "
            + String.join(" or ", Arrays.stream(types).map(GgufValueType::label).toList()));
  }

  private @Nullable GgufValue typed(String key, GgufValueType type) {
    GgufValue value = file.metadata().get(key);
    if (value != null && value.type() != type) {
      throw corrupt(key + " is of type " + value.type() + ", expected " + type);
    }
    return value;
  }

  ModelLoadException corrupt(String problem) {
    return fault(Reason.CORRUPT, problem);
  }

  ModelLoadException fault(Reason reason, String problem) {
    return new ModelLoadException(reason, file.path(), file.path() + ": " + problem, null);
  }
}
