package io.panallama.cli;

import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.ModelPreflight;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;

/**
 * The most important facts about a GGUF file.
 *
 * @param parameters elements of all tensors
 * @param types how many tensors, and how many bytes, are stored in each format
 * @param heads a number, or one per layer
 * @param keyValueHeads likewise
 * @param vocabularyType the kind of tokenizer and of pre-tokenizer
 * @param problem why Panallama would refuse to load it
 */
record ModelOutline(
    Optional<String> name,
    Optional<String> architecture,
    long parameters,
    long tensorCount,
    long tensorBytes,
    Map<GgufType, Share> types,
    OptionalLong contextLength,
    OptionalLong layers,
    OptionalLong embeddingLength,
    Optional<GgufValue> heads,
    Optional<GgufValue> keyValueHeads,
    OptionalLong vocabularySize,
    Optional<String> vocabularyType,
    boolean hasChatTemplate,
    Optional<String> problem) {
  /** The tensors of one format. */
  record Share(long tensors, long bytes) {
    Share plus(GgufTensor tensor) {
      return new Share(tensors + 1, bytes + tensor.byteSize());
    }
  }

  static ModelOutline of(GgufFile file) {
    String prefix = file.architecture().map(architecture -> architecture + ".").orElse("");
    Map<GgufType, Share> types = new TreeMap<>();
    long parameters = 0;
    long bytes = 0;
    for (GgufTensor tensor : file.tensors()) {
      types.put(tensor.type(), types.getOrDefault(tensor.type(), new Share(0, 0)).plus(tensor));
      parameters += tensor.elements();
      bytes += tensor.byteSize();
    }
    return new ModelOutline(
        file.string("general.name"),
        file.architecture(),
        parameters,
        file.tensors().size(),
        bytes,
        types,
        file.integer(prefix + "context_length"),
        file.integer(prefix + "block_count"),
        file.integer(prefix + "embedding_length"),
        file.value(prefix + "attention.head_count"),
        file.value(prefix + "attention.head_count_kv"),
        vocabularySize(file),
        vocabularyType(file),
        file.string("tokenizer.chat_template").isPresent(),
        problem(file));
  }

  private static OptionalLong vocabularySize(GgufFile file) {
    Optional<GgufArray> tokens = file.array("tokenizer.ggml.tokens");
    return tokens.isPresent() ? OptionalLong.of(tokens.get().size()) : OptionalLong.empty();
  }

  private static Optional<String> vocabularyType(GgufFile file) {
    String pre = file.string("tokenizer.ggml.pre").map(name -> " (" + name + ")").orElse("");
    return file.string("tokenizer.ggml.model").map(model -> model + pre);
  }

  private static Optional<String> problem(GgufFile file) {
    if (!file.hasWeights()) {
      return Optional.of("it holds a vocabulary and no weights");
    }
    try {
      ModelPreflight.check(file);
      return Optional.empty();
    } catch (ModelLoadException refused) {
      return Optional.of(String.valueOf(refused.getMessage()));
    }
  }
}
