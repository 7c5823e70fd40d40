package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;

/**
 * Checks a model file for everything that llama.cpp v0.5.0 asserts while it loads, tokenizes and builds its graphs.
 *
 * <p>A failed assert ends the process. Errors that llama.cpp reports itself (a missing tensor, a wrong shape) are left to it, unless the check costs nothing.
 */
public final class ModelPreflight {
  /** {@code TENSOR_ALIGNMENT} in {@code ggml/src/ggml-impl.h}: the address of mapped weights is asserted to have this alignment. */
  private static final int MAPPED_ALIGNMENT = 32;

  private ModelPreflight() {}

  /**
   * Checks architecture, shards, hyperparameters and vocabulary. A file without weights is checked as a vocabulary; see
   * {@link GgufFile#hasWeights()} and {@link #requireWeights}.
   *
   * @throws ModelLoadException with {@link Reason#UNSUPPORTED_ARCHITECTURE}, with {@link Reason#NOT_FOUND} for a
   *     missing shard, or with {@link Reason#CORRUPT}
   */
  public static void check(GgufFile file) {
    Facts facts = new Facts(file);
    String architecture = architecture(facts);
    if (file.hasWeights()) {
      alignment(facts);
      TensorPreflight.check(facts);
      shards(facts);
      HyperparameterPreflight.check(facts, architecture);
    }
    VocabularyPreflight.check(facts, architecture);
  }

  /**
   * Rejects a file that contains only a vocabulary.
   *
   * @throws ModelLoadException with {@link Reason#VOCABULARY_ONLY} if it has no tensors
   */
  public static void requireWeights(GgufFile file) {
    if (!file.hasWeights()) {
      throw new Facts(file)
          .fault(
              Reason.VOCABULARY_ONLY,
              "the file holds "
                  + (file.metadata().containsKey("tokenizer.ggml.model") ? "a vocabulary" : "metadata")
                  + " but no weights; expected a model with tensors");
    }
  }

  /** The names of the architectures that llama.cpp v0.5.0 loads. */
  public static List<String> architectures() {
    return Architectures.names().stream()
        .filter(name ->
            !Architectures.has(name, Architectures.Trait.PROJECTOR)
                && !Architectures.has(name, Architectures.Trait.UNLOADABLE))
        .toList();
  }

  private static String architecture(Facts facts) {
    String name = facts.text("general.architecture");
    if (name == null) {
      throw facts.corrupt("the key general.architecture is missing; it is no language model");
    }
    if (Architectures.has(name, Architectures.Trait.PROJECTOR)) {
      throw facts.fault(
          Reason.UNSUPPORTED_ARCHITECTURE,
          "the architecture " + name + " is the image or audio part of another model; expected the language model");
    }
    if (!architectures().contains(name)) {
      List<String> nearby = Architectures.nearby(name);
      throw facts.fault(
          Reason.UNSUPPORTED_ARCHITECTURE,
          "llama.cpp v0.5.0 does not know the architecture \""
              + abbreviated(name)
              + "\""
              + (nearby.isEmpty() ? "" : "; known and similar: " + String.join(", ", nearby)));
    }
    return name;
  }

  private static String abbreviated(String name) {
    return name.length() <= 64 ? name : name.substring(0, 64) + "...";
  }

  /** The CPU backend asserts the alignment of the mapped weights that it gets. */
  private static void alignment(Facts facts) {
    GgufFile file = facts.file();
    for (GgufTensor tensor : file.tensors()) {
      long at = file.dataOffset() + tensor.offset();
      if (at % MAPPED_ALIGNMENT != 0) {
        throw facts.corrupt(
            "tensor "
                + tensor.name()
                + " begins at byte "
                + at
                + ", expected a multiple of "
                + MAPPED_ALIGNMENT
                + "; general.alignment is "
                + file.alignment());
      }
    }
  }

  /** Checks a model in several files: {@code NAME-00001-of-00004.gguf}. llama.cpp opens the other files by name. */
  private static void shards(Facts facts) {
    int count = (int) facts.integer("split.count", GgufValueType.UINT16).orElse(0);
    if (count <= 1) {
      return;
    }
    Path path = facts.file().path();
    long number = facts.integer("split.no", GgufValueType.UINT16).orElse(0);
    if (number != 0) {
      throw facts.corrupt(
          "this is file " + (number + 1) + " of a model in " + count + " files; expected the first one");
    }
    String name = String.valueOf(path.getFileName());
    String ending = ending(0, count);
    if (!name.endsWith(ending) || name.length() == ending.length()) {
      throw facts.corrupt("this is the first of " + count + " files, whose name must end in " + ending);
    }
    String prefix = name.substring(0, name.length() - ending.length());
    for (int i = 1; i < count; i++) {
      shard(facts, path.resolveSibling(prefix + ending(i, count)), i, count);
    }
  }

  private static void shard(Facts facts, Path path, int index, int count) {
    GgufFile shard;
    try {
      shard = GgufFile.read(path);
    } catch (ModelLoadException e) {
      String problem = "file " + (index + 1) + " of the " + count + " of this model: " + e.getMessage();
      throw new ModelLoadException(e.reason(), facts.file().path(), facts.file().path() + ": " + problem, e);
    }
    Facts shardFacts = new Facts(shard);
    long number = shardFacts.integer("split.no", GgufValueType.UINT16).orElse(-1);
    if (number != index) {
      throw shardFacts.corrupt("split.no is " + (number < 0 ? "missing" : number) + ", expected " + index);
    }
    alignment(shardFacts);
    TensorPreflight.check(shardFacts);
  }

  private static String ending(int index, int count) {
    return String.format(Locale.ROOT, "-%05d-of-%05d.gguf", index + 1, count);
  }
}
