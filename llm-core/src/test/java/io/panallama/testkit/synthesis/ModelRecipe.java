package io.panallama.testkit.synthesis;

import io.panallama.gguf.FloatSource;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufType;
import io.panallama.gguf.GgufValue;
import io.panallama.gguf.GgufValueType;
import io.panallama.gguf.GgufWriter;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinyVocabulary;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * What a tiny model consists of besides its vocabulary and its weights, which are random: metadata and shapes.
 *
 * <p>As text, one line each: {@code model ARCHITECTURE VARIANT}, then {@code key NAME TYPE VALUE...} without the
 * architecture's prefix, and {@code tensor NAME TYPE DIMENSION...}, where a name with {@code *} stands for all layers.
 * Mutable, not thread-safe.
 */
public final class ModelRecipe {
  private static final int ARRAY = 1;
  private static final int MOST_LAYERS = 64;
  private static final int MOST_TOKENS = 20_000;
  private static final int MOST_ELEMENTS = 8_000_000;

  private final String architecture;
  private final String variant;
  private final Map<String, String> keys = new LinkedHashMap<>();
  private final Map<String, String> tensors = new LinkedHashMap<>();

  /** Starts with nothing. */
  public ModelRecipe(String architecture, String variant) {
    this.architecture = architecture;
    this.variant = variant;
  }

  /** A copy that can be changed. */
  public ModelRecipe copy(String newVariant) {
    ModelRecipe copy = new ModelRecipe(architecture, newVariant);
    copy.keys.putAll(keys);
    copy.tensors.putAll(tensors);
    return copy;
  }

  /** Its value of {@code general.architecture}. */
  public String architecture() {
    return architecture;
  }

  /** What distinguishes it from others of the architecture. */
  public String variant() {
    return variant;
  }

  /** Metadata without prefix, such as {@code block_count} to {@code u32 2}. Changes are changes of the recipe. */
  public Map<String, String> keys() {
    return keys;
  }

  /** Tensors, such as {@code blk.0.attn_q.weight} to {@code F32 64 64}. Changes are changes of the recipe. */
  public Map<String, String> tensors() {
    return tensors;
  }

  private int vocabulary() {
    return Math.clamp(number("vocab_size", 288), TinyVocabulary.SMALLEST, MOST_TOKENS);
  }

  /** Its layers, as far as a tiny model may have so many: a mutant may claim to have any number. */
  int layers() {
    return Math.clamp(number("block_count", 2), 0, MOST_LAYERS);
  }

  long number(String key, long fallback) {
    String value = keys.get(key);
    return value != null && value.startsWith("u32 ") ? Long.parseLong(value.substring(4)) : fallback;
  }

  /** Its keys and tensors under the name of another architecture. */
  public ModelRecipe as(String other) {
    ModelRecipe renamed = new ModelRecipe(other, variant);
    renamed.keys.putAll(keys);
    renamed.tensors.putAll(tensors);
    return renamed;
  }

  /** Writes the model with random weights of the given seed. */
  public Path write(Path path, long seed) {
    return write(path, seed, texts -> texts);
  }

  /**
   * Writes the model, with other texts of its tokens.
   *
   * @throws IllegalArgumentException if a file can't have these shapes and types, or it would be large
   */
  public Path write(Path path, long seed, UnaryOperator<List<String>> texts) {
    TinySpec spec = TinySpec.defaults().withVocabulary(vocabulary()).withTemplate("");
    GgufWriter writer = TinyModels.vocabularyWriter(spec);
    String old = spec.architecture().label();
    List.of(
            "context_length",
            "embedding_length",
            "block_count",
            "attention.layer_norm_rms_epsilon",
            "vocab_size",
            "feed_forward_length",
            "attention.head_count",
            "attention.head_count_kv",
            "rope.dimension_count",
            "rope.freq_base")
        .forEach(key -> writer.remove(old + "." + key));
    writer.put("general.architecture", architecture).put("general.name", architecture + " " + variant);
    List<String> tokens = TinyModels.vocabulary(spec).texts();
    writer.put("tokenizer.ggml.tokens", texts.apply(tokens));
    keys.forEach((key, value) ->
        writer.put(
            key.startsWith("tokenizer.") || key.startsWith("xielu.") ? key : architecture + "." + key, value(value)));
    long[] elements = {0};
    tensors.forEach((name, shape) -> {
      String[] words = shape.split(" ");
      List<Long> dimensions = Arrays.stream(words).skip(1).map(Long::parseLong).toList();
      elements[0] += dimensions.stream().reduce(1L, (a, b) -> Math.min(a * b, MOST_ELEMENTS + 1L));
      if (elements[0] > MOST_ELEMENTS) {
        throw new IllegalArgumentException(name + " makes the model larger than a tiny one is");
      }
      writer.tensor(name, GgufType.valueOf(words[0]), dimensions, random(name, seed));
    });
    try {
      writer.write(path);
      return path;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static FloatSource random(String name, long seed) {
    float scale = name.endsWith("norm.weight") ? 0.1f : 0.05f;
    float mean = name.endsWith("norm.weight") ? 1 : 0;
    boolean decay = name.contains("ssm_a");
    return (first, target, count) -> {
      Random random = new Random(seed ^ name.hashCode() ^ first * 0x9E3779B97F4A7C15L);
      for (int i = 0; i < count; i++) {
        float value = mean + scale * (float) random.nextGaussian();
        target[i] = decay ? -Math.abs(value) : value;
      }
    };
  }

  static GgufValue value(String text) {
    String[] words = text.split(" ");
    long[] integers = new long[words.length - ARRAY];
    float[] reals = new float[words.length - ARRAY];
    for (int i = 0; i < integers.length; i++) {
      if (!words[0].startsWith("f") && !words[0].equals("bool") && !words[0].equals("text")) {
        integers[i] = Long.parseLong(words[i + ARRAY]);
      } else if (words[0].equals("f32s")) {
        reals[i] = Float.parseFloat(words[i + ARRAY]);
      }
    }
    return switch (words[0]) {
      case "u32" -> GgufValue.Int.u32(integers[0]);
      case "i32" -> new GgufValue.Int(GgufValueType.INT32, integers[0]);
      case "f32" -> GgufValue.Real.f32(Float.parseFloat(words[1]));
      case "bool" -> new GgufValue.Bool(Boolean.parseBoolean(words[1]));
      case "text" -> new GgufValue.Text(text.substring("text ".length()));
      case "u32s" -> GgufArray.ofIntegers(GgufValueType.UINT32, integers);
      case "i32s" -> GgufArray.ofIntegers(GgufValueType.INT32, integers);
      case "u64s" -> GgufArray.ofIntegers(GgufValueType.UINT64, integers);
      case "f32s" -> GgufArray.ofFloats(reals);
      default -> throw new IllegalArgumentException("the type of " + text);
    };
  }

  /** The recipe as lines; {@link #parse} reads them. */
  public List<String> lines() {
    List<String> lines = new ArrayList<>();
    lines.add("model " + architecture + " " + variant);
    keys.forEach((key, value) -> lines.add("key " + key + " " + value));
    Map<String, String> shorter = new LinkedHashMap<>();
    int layers = layers();
    tensors.forEach((name, shape) -> {
      String any = name.replaceFirst("^blk\\.\\d+\\.", "blk.*.");
      boolean everywhere = !any.equals(name);
      for (int i = 0; i < layers && everywhere; i++) {
        everywhere = shape.equals(tensors.get(any.replace("*", Integer.toString(i))));
      }
      shorter.put(everywhere ? any : name, shape);
    });
    shorter.forEach((name, shape) -> lines.add("tensor " + name + " " + shape));
    return lines;
  }

  /** Reads recipes, one after the other. */
  public static List<ModelRecipe> parse(List<String> lines) {
    List<ModelRecipe> recipes = new ArrayList<>();
    for (String line : lines) {
      String[] words = line.split(" ", 3);
      switch (words[0]) {
        case "model" -> recipes.add(new ModelRecipe(words[1], words[2]));
        case "key" -> recipes.getLast().keys.put(words[1], words[2]);
        case "tensor" -> {
          ModelRecipe recipe = recipes.getLast();
          int layers = words[1].contains("*") ? recipe.layers() : 1;
          for (int i = 0; i < layers; i++) {
            recipe.tensors.put(words[1].replace("*", Integer.toString(i)), words[2]);
          }
        }
        default -> throw new IllegalArgumentException(line);
      }
    }
    return recipes;
  }

  @Override
  public String toString() {
    return architecture + " " + variant;
  }
}
