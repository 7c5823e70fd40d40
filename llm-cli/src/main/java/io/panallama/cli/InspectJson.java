package io.panallama.cli;

import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.GgufValueType;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalLong;
import java.util.stream.IntStream;

/** The JSON form of {@code inspect}, as maps and lists. */
final class InspectJson {
  /** Longer arrays are given as type and count. */
  private static final int LONG_ARRAY = 64;

  private InspectJson() {}

  static Map<String, Object> of(GgufFile file, ModelOutline outline, boolean withTensors) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("file", file.path().toString());
    json.put("file_bytes", file.fileSize());
    json.put("gguf_version", file.version());
    outline.name().ifPresent(value -> json.put("name", value));
    outline.architecture().ifPresent(value -> json.put("architecture", value));
    json.put("parameters", outline.parameters());
    json.put("tensor_count", outline.tensorCount());
    json.put("tensor_bytes", outline.tensorBytes());
    json.put("tensor_types", types(outline.types()));
    put(json, "context_length", outline.contextLength());
    put(json, "layers", outline.layers());
    put(json, "embedding_length", outline.embeddingLength());
    outline.heads().ifPresent(value -> json.put("heads", value(value)));
    outline.keyValueHeads().ifPresent(value -> json.put("kv_heads", value(value)));
    put(json, "vocabulary_size", outline.vocabularySize());
    outline.vocabularyType().ifPresent(value -> json.put("vocabulary_type", value));
    json.put("chat_template", outline.hasChatTemplate());
    json.put("loadable", outline.problem().isEmpty());
    outline.problem().ifPresent(value -> json.put("problem", value));
    Map<String, Object> metadata = new LinkedHashMap<>();
    file.metadata().forEach((key, value) -> metadata.put(key, value(value)));
    json.put("metadata", metadata);
    if (withTensors) {
      json.put("tensors", tensors(file));
    }
    return json;
  }

  private static void put(Map<String, Object> json, String key, OptionalLong value) {
    value.ifPresent(number -> json.put(key, number));
  }

  private static Map<String, Object> types(Map<GgufType, ModelOutline.Share> types) {
    Map<String, Object> json = new LinkedHashMap<>();
    types.forEach((type, share) ->
        json.put(type.name().toLowerCase(Locale.ROOT), Map.of("tensors", share.tensors(), "bytes", share.bytes())));
    return json;
  }

  private static List<Object> tensors(GgufFile file) {
    List<Object> json = new ArrayList<>();
    for (GgufTensor tensor : file.tensors()) {
      Map<String, Object> one = new LinkedHashMap<>();
      one.put("name", tensor.name());
      one.put("type", tensor.type().name().toLowerCase(Locale.ROOT));
      one.put("dimensions", tensor.dimensions());
      one.put("bytes", tensor.byteSize());
      json.add(one);
    }
    return json;
  }

  private static Object value(GgufValue value) {
    return switch (value) {
      case GgufValue.Int number -> number(number.type(), number.value());
      case GgufValue.Real number -> number.value();
      case GgufValue.Bool truth -> truth.value();
      case GgufValue.Text text -> text.value();
      case GgufArray array when array.size() > LONG_ARRAY ->
          Map.of("element_type", array.elementType().toString(), "count", array.size());
      case GgufArray array -> IntStream.range(0, array.size()).mapToObj(i -> element(array, i)).toList();
    };
  }

  /** An element as a String, a Boolean or a Number. */
  static Object element(GgufArray array, int index) {
    return switch (array.elementType()) {
      case STRING -> array.string(index);
      case BOOL -> array.integer(index) != 0;
      case FLOAT32, FLOAT64 -> array.number(index);
      default -> number(array.elementType(), array.integer(index));
    };
  }

  private static Number number(GgufValueType type, long value) {
    return type == GgufValueType.UINT64 ? new BigInteger(Long.toUnsignedString(value)) : Long.valueOf(value);
  }
}
