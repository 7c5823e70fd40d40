package io.panallama.gguf;

import io.panallama.gguf.Architectures.Trait;
import java.util.List;

/**
 * Checks what {@code llama_model_base::load_hparams} and the graphs of llama.cpp v0.5.0 assert about a model's numbers.
 */
final class HyperparameterPreflight {
  /** {@code LLAMA_MAX_LAYERS} in {@code src/llama-hparams.h}. */
  static final int MAX_LAYERS = 512;

  /** {@code LLAMA_MAX_EXPERTS} in {@code src/llama-hparams.h}. */
  static final int MAX_EXPERTS = 1024;

  /**
   * Far above any model, yet small enough that the product of two widths fits into 64 bits, and of one with bytes into
   * memory.
   */
  private static final int MAX_WIDTH = 1 << 22;

  private static final int MAX_HEADS = 1 << 16;

  /** {@code llama_rope_scaling_type_from_string}; another name is an assert. */
  private static final List<String> ROPE_SCALINGS = List.of("none", "linear", "yarn", "longrope");

  /** {@code llama_pooling_type}: none, mean, cls, last, rank. */
  private static final int LAST_POOLING = 4;

  /** {@code LLAMA_POOLING_TYPE_UNSPECIFIED}, -1, as it is in a file. */
  private static final long UNSPECIFIED = 0xFFFF_FFFFL;

  /** Architectures whose rope type is MROPE or IMROPE in {@code llama_model_rope_type}. */
  static final List<String> SECTIONED =
      List.of("qwen2vl", "paddleocr", "qwen3vl", "qwen3vlmoe", "qwen35", "qwen35moe", "qwen4exp", "qwen3tts");

  /** Keys of epsilons: {@code ggml_norm} and similar operations assert that they are not negative. */
  private static final List<String> EPSILONS =
      List.of("attention.layer_norm_epsilon", "attention.layer_norm_rms_epsilon", "attention.group_norm_epsilon");

  private final Facts facts;
  private final String architecture;
  private final int layers;

  private HyperparameterPreflight(Facts facts, String architecture) {
    this.facts = facts;
    this.architecture = architecture;
    this.layers = (int) facts.required(key("block_count"), 1, MAX_LAYERS);
  }

  static void check(Facts facts, String architecture) {
    new HyperparameterPreflight(facts, architecture).check();
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private void check() {
    facts.required(key("context_length"), 1, Integer.MAX_VALUE);
    long width = facts.required(key("embedding_length"), 1, MAX_WIDTH);
    facts.optional(key("nextn_predict_layers"), 0, 0, layers - 1L);
    pooling();
    experts();
    heads(width);
    sections();
    window();
    epsilons();
    String scaling = facts.text(key("rope.scaling.type"));
    if (scaling != null && !ROPE_SCALINGS.contains(scaling)) {
      throw facts.corrupt(
          key("rope.scaling.type") + " is \"" + scaling + "\", expected one of " + String.join(", ", ROPE_SCALINGS));
    }
  }

  private void pooling() {
    long pooling = facts.u32(key("pooling_type"), 0);
    if (pooling > LAST_POOLING && pooling != UNSPECIFIED) {
      throw facts.corrupt(key("pooling_type") + " is " + pooling + ", expected 0 to " + LAST_POOLING);
    }
  }

  /** For a sliding window, llama.cpp asserts that some layer uses it, and sizes buffers by it. */
  private void window() {
    long window = facts.optional(key("attention.sliding_window"), 0, 0, MAX_WIDTH);
    String key = key("attention.sliding_window_pattern");
    if (window == 0 || !facts.has(key)) {
      return;
    }
    boolean used;
    if (facts.file().metadata().get(key) instanceof GgufArray pattern) {
      used = false;
      for (int i = 0; i < pattern.size() && pattern.elementType() != GgufValueType.STRING; i++) {
        used |= pattern.number(i) != 0;
      }
    } else {
      used = facts.u32(key, 0) != 1; // every n-th layer sees all, so with 1 none is left
    }
    if (!used) {
      throw facts.corrupt(key + " leaves no layer to the sliding window of " + window);
    }
  }

  /** For rotation in several dimensions, llama.cpp asserts that there are some. */
  private void sections() {
    String key = key("rope.dimension_sections");
    if (!facts.has(key) && !SECTIONED.contains(architecture)) {
      return;
    }
    long[] sections = facts.perLayer(key, 4, 0);
    for (long section : sections) {
      if (section > MAX_WIDTH) {
        throw facts.corrupt(key + " contains " + section + "; at most " + MAX_WIDTH);
      }
    }
    if (SECTIONED.contains(architecture) && sections[0] + sections[1] + sections[2] == 0) {
      throw facts.corrupt(key + " is missing or all zero, which " + architecture + " rotates by");
    }
  }

  private void experts() {
    long count = facts.optional(key("expert_count"), 0, 0, MAX_EXPERTS);
    long most = 0;
    for (long used : facts.perLayer(key("expert_used_count"), layers, 0)) {
      most = Math.max(most, used);
    }
    long groups = facts.u32(key("expert_group_count"), 0);
    long groupsUsed = facts.u32(key("expert_group_used_count"), 0);
    if (List.of("hunyuan_vl", "hunyuan-dense").contains(architecture) && count <= 1) {
      count = 0; // the loader sets both numbers to 0 then
      most = 0;
    }
    if (count == 0 ? most > 0 : most < 1 || most > count) {
      throw facts.corrupt(
          key("expert_used_count")
              + " is "
              + most
              + ", expected "
              + (count == 0 ? "0" : "1 to " + count)
              + " for "
              + count
              + " experts");
    }
    boolean grouped = groups > 1;
    boolean sound =
        count == 0
            ? groups == 0
            : groups < count && (!grouped || count % groups == 0 && groupsUsed > 0 && groupsUsed < groups);
    if (!sound) {
      throw facts.corrupt(
          key("expert_group_count")
              + " is "
              + groups
              + " with "
              + groupsUsed
              + " in use, which does not divide "
              + count
              + " experts");
    }
  }

  private void heads(long width) {
    long[] heads = facts.perLayer(key("attention.head_count"), layers, 0);
    long[] keyHeads = heads.clone();
    if (facts.has(key("attention.head_count_kv"))) {
      keyHeads = facts.perLayer(key("attention.head_count_kv"), layers, 0);
    }
    boolean attention = !Architectures.has(architecture, Trait.RECURRENT);
    for (int i = 0; i < layers; i++) {
      if (heads[i] > MAX_HEADS || keyHeads[i] > MAX_HEADS) {
        throw facts.corrupt(
            key("attention.head_count")
                + " is "
                + Math.max(heads[i], keyHeads[i])
                + " in layer "
                + i
                + "; at most "
                + MAX_HEADS);
      }
      // ggml_can_mul_mat broadcasts key heads over query heads in whole groups
      if (attention && heads[i] > 0 && keyHeads[i] > 0 && heads[i] % keyHeads[i] != 0) {
        throw facts.corrupt(
            key("attention.head_count_kv")
                + " is "
                + keyHeads[i]
                + " in layer "
                + i
                + ", expected a divisor of "
                + heads[i]
                + ", the number of heads");
      }
    }
    headSizes(heads[0], width);
    ArchitecturePreflight.check(facts, architecture, layers, heads);
    GraphPreflight.check(facts, architecture, layers, heads, keyHeads);
  }

  private void headSizes(long heads, long width) {
    long size = heads > 0 ? width / heads : 0;
    long keys = facts.optional(key("attention.key_length"), size, 1, MAX_WIDTH);
    long values = facts.optional(key("attention.value_length"), size, 1, MAX_WIDTH);
    long rotated = facts.optional(key("rope.dimension_count"), keys, 0, MAX_WIDTH);
    if (heads == 0) {
      return;
    }
    if (keys < 1) {
      throw facts.corrupt(
          key("embedding_length") + " is " + width + " and there are " + heads + " heads, so that heads have no size");
    }
    long keysWindow = facts.optional(key("attention.key_length_swa"), keys, 0, MAX_WIDTH);
    long valuesWindow = facts.optional(key("attention.value_length_swa"), values, 0, MAX_WIDTH);
    long rotatedWindow = facts.optional(key("rope.dimension_count_swa"), rotated, 0, MAX_WIDTH);
    if (Architectures.has(architecture, Trait.KV) && (keys != values || keysWindow != valuesWindow)) {
      throw facts.corrupt(
          key("attention.key_length")
              + " and value_length are "
              + keys
              + " and "
              + values
              + ", in a sliding window "
              + keysWindow
              + " and "
              + valuesWindow
              + "; "
              + architecture
              + " needs them equal");
    }
    if (Architectures.has(architecture, Trait.ROT) && (rotated != values || rotatedWindow != valuesWindow)) {
      throw facts.corrupt(
          key("rope.dimension_count") + " is " + rotated + ", expected " + values + ", the size of a head");
    }
    if (facts.has(key("rope.dimension_count")) && rotated == 0 && !Architectures.has(architecture, Trait.UNROTATED)) {
      throw facts.corrupt(key("rope.dimension_count") + " is 0, with which rotation never ends; expected 2 or more");
    }
    if (rotated > keys || rotated % 2 != 0 || rotatedWindow > keysWindow || rotatedWindow % 2 != 0) {
      throw facts.corrupt(
          key("rope.dimension_count")
              + " is "
              + rotated
              + " ("
              + rotatedWindow
              + " in a sliding window), expected an"
              + " even number up to the size of a head, "
              + keys);
    }
  }

  private void epsilons() {
    for (String name : EPSILONS) {
      float epsilon = facts.f32(key(name), 0);
      if (!(epsilon >= 0) || Float.isInfinite(epsilon)) {
        throw facts.corrupt(key(name) + " is " + epsilon + ", expected 0 or more");
      }
    }
  }
}
