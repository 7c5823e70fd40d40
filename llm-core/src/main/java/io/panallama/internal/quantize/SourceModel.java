package io.panallama.internal.quantize;

import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import io.panallama.gguf.ModelPreflight;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/** The headers of all files of a model that will be quantised. */
public final class SourceModel {
  private final List<GgufFile> files;
  private final Map<String, GgufTensor> tensors = new LinkedHashMap<>();

  private SourceModel(List<GgufFile> files) {
    this.files = files;
    for (GgufFile file : files) {
      for (GgufTensor tensor : file.tensors()) {
        tensors.put(tensor.name(), tensor);
      }
    }
  }

  /**
   * @throws ModelLoadException if it is not a model that llama.cpp would load
   */
  public static SourceModel read(Path path) {
    GgufFile first = GgufFile.read(path);
    ModelPreflight.check(first);
    ModelPreflight.requireWeights(first);
    List<GgufFile> files = new ArrayList<>(List.of(first));
    int count = (int) first.integer("split.count").orElse(1);
    for (int number = 2; number <= count; number++) {
      // The preflight has checked that the files have these names and exist.
      String name = String.valueOf(path.getFileName());
      String ending = String.format(Locale.ROOT, "-%05d-of-%05d.gguf", 1, count);
      String other = String.format(Locale.ROOT, "-%05d-of-%05d.gguf", number, count);
      files.add(GgufFile.read(path.resolveSibling(name.substring(0, name.length() - ending.length()) + other)));
    }
    return new SourceModel(files);
  }

  public Path path() {
    return files.getFirst().path();
  }

  public List<GgufFile> files() {
    return files;
  }

  /** The tensors of all files, by name. */
  public Map<String, GgufTensor> tensors() {
    return tensors;
  }

  public long parameters() {
    return tensors.values().stream().mapToLong(GgufTensor::elements).sum();
  }

  /** Total size of all tensors in bytes. */
  public long bytes() {
    return tensors.values().stream().mapToLong(GgufTensor::byteSize).sum();
  }

  /** Number of bytes before the tensors in the first file, which contains the vocabulary. */
  public long headerBytes() {
    return files.getFirst().dataOffset();
  }
}
