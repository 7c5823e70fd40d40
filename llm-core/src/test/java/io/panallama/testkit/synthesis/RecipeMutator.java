package io.panallama.testkit.synthesis;

import io.panallama.gguf.GgufFile;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.UnaryOperator;

/**
 * Changes recipes in ways that keep them near to models: other numbers, keys and tensors that are missing or belong to
 * other architectures, other shapes and types, other vocabularies; and bytes of the header. The same seed gives the
 * same mutants. Not thread-safe.
 */
public final class RecipeMutator {
  private static final List<Long> NUMBERS =
      List.of(
          0L,
          1L,
          2L,
          3L,
          4L,
          5L,
          7L,
          8L,
          12L,
          16L,
          24L,
          31L,
          32L,
          33L,
          48L,
          63L,
          64L,
          65L,
          96L,
          100L,
          127L,
          128L,
          192L,
          255L,
          256L,
          257L,
          288L,
          512L,
          1000L,
          1024L,
          4096L,
          65_535L,
          65_536L,
          1L << 20,
          1L << 24,
          1L << 30,
          (1L << 31) - 1,
          1L << 31,
          0xFFFF_FFFFL);

  private static final List<String> REALS =
      List.of("0", "1", "-1", "2", "0.5", "1e-5", "1e-30", "-1e-5", "1e4", "1e30", "-1e30", "NaN", "Infinity");

  private static final List<String> TYPES = List.of("F32", "F16", "BF16", "Q8_0", "Q4_0", "I32", "F64", "Q6_K");

  private static final List<String> TOKENIZERS =
      List.of("gpt2", "llama", "bert", "t5", "rwkv", "plamo2", "gemma4", "none", "whitespace", "hybriddna", "test");

  private static final List<String> PRE =
      List.of("default", "llama-bpe", "gpt-2", "deepseek-llm", "tekken", "gemma4", "kimi-k2", "whitespace", "no such");

  private static final List<String> NAMED_TOKENS =
      List.of("bos", "eos", "unknown", "seperator", "padding", "eot", "eom", "cls", "mask", "fim_pre");

  private final List<ModelRecipe> recipes;
  private final List<String> keys = new ArrayList<>();
  private final List<String> tensors = new ArrayList<>();
  private final Random random;

  /** Mutates these recipes, and takes from them what it adds to others. */
  public RecipeMutator(List<ModelRecipe> recipes, long seed) {
    this.recipes = recipes;
    this.random = new Random(seed);
    for (ModelRecipe recipe : recipes) {
      recipe.keys().forEach((name, value) -> keys.add(name + " " + value));
      recipe.tensors().forEach((name, shape) -> tensors.add(name + " " + shape));
    }
  }

  /** One changed recipe: its text, and how to write it. */
  public record Mutant(ModelRecipe recipe, UnaryOperator<List<String>> texts, int flips, long seed) {
    /**
     * Writes the file.
     *
     * @throws IllegalArgumentException if a file can't have this shape or type
     */
    public Path write(Path path) throws IOException {
      recipe.write(path, 1, texts);
      if (flips > 0) {
        flip(path);
      }
      return path;
    }

    private void flip(Path path) throws IOException {
      byte[] bytes = Files.readAllBytes(path);
      int header = (int) GgufFile.read(path).dataOffset();
      Random random = new Random(seed);
      ByteBuffer buffer = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < flips; i++) {
        int at = random.nextInt(header - Long.BYTES);
        switch (random.nextInt(3)) {
          case 0 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
          case 1 -> buffer.putInt(at, NUMBERS.get(random.nextInt(NUMBERS.size())).intValue());
          default -> {
            byte[] piece = Arrays.copyOfRange(bytes, at, Math.min(header, at + random.nextInt(64)));
            System.arraycopy(piece, 0, bytes, random.nextInt(header - piece.length), piece.length);
          }
        }
      }
      // A new file: an older mapping of this one may still be alive.
      Files.delete(path);
      Files.write(path, bytes);
    }
  }

  /** The next mutant. */
  public Mutant next() {
    ModelRecipe recipe = any(recipes).copy("mutant");
    UnaryOperator<List<String>> texts = tokens -> tokens;
    int flips = 0;
    for (int changes = 1 + random.nextInt(3); changes > 0; changes--) {
      switch (random.nextInt(15)) {
        case 0, 1, 2, 3 -> changeKey(recipe.keys());
        case 4 -> recipe.keys().remove(any(recipe.keys()));
        case 5, 6 -> putKey(recipe, any(keys));
        case 7 -> removeTensor(recipe);
        case 8 -> putTensor(recipe, any(tensors));
        case 9 -> changeShape(recipe.tensors());
        case 10 ->
            recipe
                .tensors()
                .computeIfPresent(
                    any(recipe.tensors()), (name, shape) -> any(TYPES) + shape.substring(shape.indexOf(' ')));
        case 11 -> recipe = recipe.as(any(recipes).architecture());
        case 12 -> changeVocabulary(recipe);
        case 13 -> texts = shuffle(random.nextLong(), random.nextBoolean());
        default -> flips += 1 + random.nextInt(3);
      }
    }
    return new Mutant(recipe, texts, flips, random.nextLong());
  }

  /** A mutant with one other number, which a synthesiser can complete. */
  public ModelRecipe nextNumber() {
    ModelRecipe recipe = any(recipes).copy("repaired");
    if (random.nextInt(3) == 0) {
      putKey(recipe, any(keys));
    }
    changeKey(recipe.keys());
    return recipe;
  }

  private <T> T any(List<T> list) {
    return list.get(random.nextInt(list.size()));
  }

  private String any(Map<String, String> map) {
    return map.isEmpty() ? "" : any(List.copyOf(map.keySet()));
  }

  private void putKey(ModelRecipe recipe, String line) {
    String[] words = line.split(" ", 2);
    recipe.keys().put(words[0], words[1]);
  }

  private void changeKey(Map<String, String> all) {
    all.computeIfPresent(any(all), (name, value) -> changed(value));
  }

  private String changed(String value) {
    String[] words = value.split(" ");
    return switch (words[0]) {
      case "u32", "i32" -> words[0] + " " + number(Long.parseLong(words[1]), words[0].equals("u32"));
      case "f32" -> "f32 " + any(REALS);
      case "bool" -> "bool " + !Boolean.parseBoolean(words[1]);
      case "text" -> "text " + any(List.of("none", "linear", "yarn", "longrope", "x"));
      default -> {
        List<String> elements = new ArrayList<>(Arrays.asList(words));
        int at = 1 + random.nextInt(elements.size());
        switch (random.nextInt(4)) {
          case 0 -> elements.add("1");
          case 1 -> elements.removeLast();
          default ->
              elements.set(
                  Math.min(at, elements.size() - 1),
                  words[0].equals("f32s") ? any(REALS) : Long.toString(number(1, words[0].equals("u32s"))));
        }
        yield elements.size() < 2 ? value : String.join(" ", elements);
      }
    };
  }

  private long number(long old, boolean unsigned) {
    long number =
        switch (random.nextInt(5)) {
          case 0 -> old * 2;
          case 1 -> old / 2;
          case 2 -> old + 1;
          case 3 -> Math.max(0, old - 1);
          default -> any(NUMBERS);
        };
    return unsigned ? number & 0xFFFF_FFFFL : (int) number;
  }

  /** In one layer, or in all. */
  private void removeTensor(ModelRecipe recipe) {
    String name = any(recipe.tensors());
    if (random.nextBoolean()) {
      recipe.tensors().remove(name);
    } else {
      String end = name.replaceFirst("^blk\\.\\d+\\.", "");
      recipe.tensors().keySet().removeIf(other -> other.replaceFirst("^blk\\.\\d+\\.", "").equals(end));
    }
  }

  private static void putTensor(ModelRecipe recipe, String line) {
    String[] words = line.split(" ", 2);
    recipe.tensors().put(words[0], words[1]);
  }

  private void changeShape(Map<String, String> all) {
    all.computeIfPresent(
        any(all),
        (name, shape) -> {
          String[] words = shape.split(" ");
          int at = 1 + random.nextInt(words.length - 1);
          if (random.nextBoolean()) {
            words[at] = Long.toString(Math.clamp(number(Long.parseLong(words[at]), true), 1, 4096));
          } else {
            Collections.swap(Arrays.asList(words), at, words.length - 1);
          }
          return String.join(" ", words);
        });
  }

  private void changeVocabulary(ModelRecipe recipe) {
    String key = "tokenizer.ggml.";
    List<String> switches =
        List.of("add_bos_token", "add_eos_token", "add_sep_token", "add_space_prefix", "remove_extra_whitespaces");
    switch (random.nextInt(4)) {
      case 0 -> recipe.keys().put(key + "model", "text " + any(TOKENIZERS));
      case 1 -> recipe.keys().put(key + "pre", "text " + any(PRE));
      case 2 -> recipe.keys().put(key + any(NAMED_TOKENS) + "_token_id", "u32 " + number(5, true));
      default -> recipe.keys().put(key + any(switches), "bool " + random.nextBoolean());
    }
  }

  private static UnaryOperator<List<String>> shuffle(long seed, boolean two) {
    return texts -> {
      Random random = new Random(seed);
      List<String> shuffled = new ArrayList<>(texts);
      if (two) {
        Collections.swap(shuffled, random.nextInt(shuffled.size()), random.nextInt(shuffled.size()));
      } else {
        Collections.shuffle(shuffled, random);
      }
      return shuffled;
    };
  }
}
