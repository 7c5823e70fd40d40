package io.panallama.gguf;

import io.panallama.error.ModelLoadException;
import java.nio.file.Path;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalDouble;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/**
 * The header of a GGUF file (version 2 or 3): metadata and the list of tensors, without the weights.
 *
 * <p>Reading a file validates it: llama.cpp v0.5.0 accepts the container of every {@code GgufFile} that exists, and every tensor lies inside the file. {@link ModelPreflight} checks the model in the container.
 *
 * <p>Immutable and thread-safe. Nothing needs closing: arrays are views of a read-only mapping that the garbage collector releases. On Windows the file can't be deleted before that.
 */
public final class GgufFile {
  private final Path path;
  private final long fileSize;
  private final int version;
  private final int alignment;
  private final long dataOffset;
  private final Map<String, GgufValue> metadata;
  private final Map<String, GgufTensor> tensors;

  GgufFile(
      Path path,
      long fileSize,
      int version,
      int alignment,
      long dataOffset,
      Map<String, GgufValue> metadata,
      Map<String, GgufTensor> tensors) {
    this.path = path;
    this.fileSize = fileSize;
    this.version = version;
    this.alignment = alignment;
    this.dataOffset = dataOffset;
    this.metadata = metadata;
    this.tensors = tensors;
  }

  /**
   * Reads and checks the header of a file.
   *
   * @throws ModelLoadException if the file does not exist, can't be read, or is not a valid GGUF file; the message says what is wrong, where, and what is expected
   */
  public static GgufFile read(Path path) {
    return GgufReader.read(path);
  }

  /** The path as it was given. */
  public Path path() {
    return path;
  }

  /** Size of the file in bytes. */
  public long fileSize() {
    return fileSize;
  }

  /** GGUF version: 2 or 3. */
  public int version() {
    return version;
  }

  /** The alignment of tensor offsets in bytes: {@code general.alignment}, or 32. */
  public int alignment() {
    return alignment;
  }

  /** Where the tensor data begins, in bytes from the start of the file. */
  public long dataOffset() {
    return dataOffset;
  }

  /** Key to value, in the order of the file. */
  public Map<String, GgufValue> metadata() {
    return metadata;
  }

  /** The tensors in the order of the file. */
  public List<GgufTensor> tensors() {
    return List.copyOf(tensors.values());
  }

  /** The tensor with this name. */
  public Optional<GgufTensor> tensor(String name) {
    return Optional.ofNullable(tensors.get(name));
  }

  /** Whether it has any tensor; without one it can only serve as a vocabulary. */
  public boolean hasWeights() {
    return !tensors.isEmpty();
  }

  /** {@code general.architecture}, such as {@code llama}. */
  public Optional<String> architecture() {
    return string("general.architecture");
  }

  /** The value of a key; the typed getters below are also empty if it has another type. */
  public Optional<GgufValue> value(String key) {
    return Optional.ofNullable(metadata.get(key));
  }

  /** The value of a key that holds a string. */
  public Optional<String> string(String key) {
    return get(key) instanceof GgufValue.Text text ? Optional.of(text.value()) : Optional.empty();
  }

  /** The value of a key that holds a whole number of any width. */
  public OptionalLong integer(String key) {
    return get(key) instanceof GgufValue.Int number ? OptionalLong.of(number.value()) : OptionalLong.empty();
  }

  /** The value of a key that holds a floating-point number. */
  public OptionalDouble number(String key) {
    return get(key) instanceof GgufValue.Real number ? OptionalDouble.of(number.value()) : OptionalDouble.empty();
  }

  /** The value of a key that holds a truth value. */
  public Optional<Boolean> bool(String key) {
    return get(key) instanceof GgufValue.Bool bool ? Optional.of(bool.value()) : Optional.empty();
  }

  /** The value of a key that holds an array. */
  public Optional<GgufArray> array(String key) {
    return get(key) instanceof GgufArray array ? Optional.of(array) : Optional.empty();
  }

  private @Nullable GgufValue get(String key) {
    return metadata.get(key);
  }

  /** The same header with some metadata entries replaced or added, to check a model as it would be with them. */
  public GgufFile replacing(Map<String, GgufValue> entries) {
    Map<String, GgufValue> all = new LinkedHashMap<>(metadata);
    all.putAll(entries);
    return new GgufFile(path, fileSize, version, alignment, dataOffset, Collections.unmodifiableMap(all), tensors);
  }

  /** Path, version and counts; not the contents. */
  @Override
  public String toString() {
    return path + " (GGUF " + version + ", " + metadata.size() + " keys, " + tensors.size() + " tensors)";
  }
}
