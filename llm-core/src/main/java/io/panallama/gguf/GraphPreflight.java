package io.panallama.gguf;

import java.util.Arrays;
import java.util.List;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Checks what the graphs of llama.cpp v0.5.0 ({@code src/models/*.cpp}) take for granted: tensors that its loader calls
 * optional, shapes that it takes from the file, and numbers that belong together.
 */
final class GraphPreflight {
  /** Architectures whose experts are chosen by the function in the file, and which have no default for it. */
  private static final Set<String> GATED =
      Set.of(
          "bailingmoe2",
          "bailingmoe3",
          "deepseek32",
          "dots1",
          "dots3note",
          "exaone-moe",
          "hy_v4",
          "kimi-k3",
          "kimi-linear",
          "lfm2moe",
          "minimax-m2",
          "minimax-m3",
          "smallthinker");

  /** The same with a default, for which a 0 stands. */
  private static final Set<String> GATED_BY_DEFAULT =
      Set.of(
          "afmoe",
          "cohere2moe",
          "deepseek2",
          "deepseek2-ocr",
          "glm-dsa",
          "glm4moe",
          "hy_v3",
          "laguna",
          "mistral4",
          "step35");

  /** {@code LLAMA_EXPERT_GATING_FUNC_TYPE_SQRT_SOFTPLUS}, the last one. */
  private static final int LAST_GATING = 4;

  /** Latent attention: a part of each head must not be rotated. */
  private static final Set<String> LATENT =
      Set.of("deepseek2", "deepseek32", "dots3note", "glm-dsa", "hy_v4", "kimi-linear", "mistral4", "plm");

  /** Hybrids whose recurrent layers are those without key heads. */
  private static final Set<String> HYBRID_BY_HEADS =
      Set.of("bailingmoe3", "granitehybrid", "jamba", "kimi-k3", "kimi-linear", "lfm2", "lfm2moe", "plamo2");

  /** Hybrids in which every n-th layer has attention; the number is 4 unless the file says otherwise. */
  private static final Set<String> HYBRID_BY_INTERVAL = Set.of("qwen35", "qwen35moe", "qwen3next", "qwen4exp");

  private static final int INTERVAL = 4;

  /** State-space layers with a bias that the loader does not insist on ({@code mamba-base.cpp} adds it anyway). */
  private static final Set<String> CONVOLUTION_BIAS =
      Set.of("falcon-h1", "granitehybrid", "nemotron_h", "nemotron_h_moe");

  /** The largest step of ggml's vector code for {@code ggml_rwkv_wkv7} (AVX-512); it writes whole steps. */
  private static final int VECTOR = 64;

  /** The tokens of images that the graph of Chameleon masks, and those before them. */
  private static final int CHAMELEON_TOKENS = 8196;

  /** Layers of {@code posnet} in {@code wavtokenizer-dec.cpp}. */
  private static final int POSNET_LAYERS = 6;

  /** What a layer of attention needs that chooses its keys by an index. */
  private static final List<String> INDEX =
      List.of(
          "indexer.k_norm.weight",
          "indexer.k_norm.bias",
          "indexer.proj.weight",
          "indexer.attn_k.weight",
          "indexer.attn_q_b.weight");

  private final Facts facts;
  private final String architecture;
  private final int layers;

  private GraphPreflight(Facts facts, String architecture, int layers) {
    this.facts = facts;
    this.architecture = architecture;
    this.layers = layers;
  }

  /** To be called when the numbers of layers, heads and experts have been checked. */
  static void check(Facts facts, String architecture, int layers, long[] heads, long[] keyHeads) {
    new GraphPreflight(facts, architecture, layers).check(heads, keyHeads);
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private long number(String name, long fallback) {
    return facts.u32(key(name), fallback);
  }

  private void check(long[] heads, long[] keyHeads) {
    gating();
    if (LATENT.contains(architecture)) {
      latentHeads(heads[0]);
    }
    if (HyperparameterPreflight.SECTIONED.contains(architecture) && heads[0] > 0) {
      sections(number("attention.key_length", number("embedding_length", 0) / heads[0]));
    }
    if (HYBRID_BY_HEADS.contains(architecture)) {
      kinds(keyHeads);
    }
    if (HYBRID_BY_INTERVAL.contains(architecture) && !facts.has(key("attention.recurrent_layers"))) {
      interval();
    }
    if (CONVOLUTION_BIAS.contains(architecture)) {
      stateSpace();
    }
    if (HYBRID_BY_INTERVAL.contains(architecture)) {
      forEachLayerWith("ssm_conv1d.weight", this::deltaNet);
    }
    switch (architecture) {
      case "glm-dsa" -> indexers();
      case "mamba2" -> stateSpaceHeads();
      case "nemotron_h", "nemotron_h_moe" -> threeKinds(keyHeads);
      case "phi3", "pockettts" -> forEachLayer(this::queries);
      case "qwen3vl", "qwen3tts" -> rows();
      case "rwkv6" -> {
        headSize(1);
        forEachLayer(this::lerp);
      }
      case "rwkv6qwen2" -> {
        headSize(1);
        sharedHeads(keyHeads);
      }
      case "rwkv7", "arwkv7" -> headSize(VECTOR);
      case "wavtokenizer-dec" -> wavTokenizer();
      case "hrm_text" -> slots();
      case "grovemoe" -> chunks();
      case "deepseek2-ocr" -> plainHeads(heads[0]);
      case "jina-bert-v2" -> forEachLayer(this::gatedUp);
      case "laguna" -> forEachLayer(layer -> gate(layer, heads[layer]));
      case "chameleon" -> images();
      case "bailingmoe3" -> safeGate();
      case "lfm2", "lfm2moe" -> facts.required(key("shortconv.l_cache"), 2, 1 << 16);
      case "deepseek4" -> equal("hyper_connection.count", number("hyper_connection.count", 0), 4);
      case "minimax-m3" ->
          equal("attention.indexer.head_count", number("attention.indexer.head_count", 0), keyHeads[0]);
      default -> {}
    }
  }

  private void gating() {
    String key = key("expert_gating_func");
    if (number("expert_count", 0) == 0) {
      return;
    }
    boolean always = GATED.contains(architecture);
    long gating = facts.u32(key, 0);
    if (always && !facts.has(key)) {
      throw facts.corrupt("the key " + key + " is missing, expected 1 to " + LAST_GATING);
    }
    if ((always || GATED_BY_DEFAULT.contains(architecture)) && (gating > LAST_GATING || always && gating == 0)) {
      throw facts.corrupt(key + " is " + gating + ", expected " + (always ? 1 : 0) + " to " + LAST_GATING);
    }
  }

  private void latentHeads(long heads) {
    long plain = heads > 0 ? number("embedding_length", 0) / heads : 0;
    long keys = number("attention.key_length", plain);
    long latent = number("attention.key_length_mla", 0);
    long size = latent > 0 ? latent : keys;
    long rotated = number("rope.dimension_count", keys);
    if (rotated >= size) {
      throw facts.corrupt(key("rope.dimension_count") + " is " + rotated + ", expected less than a head of " + size);
    }
    if (latent > 0 && number("attention.value_length_mla", 0) > 0) {
      // The cache holds the compressed keys, and what is rotated of them.
      long rank = number("attention.kv_lora_rank", 0);
      equal("attention.key_length", keys, rank + rotated);
    }
  }

  /** Rotation in several dimensions asserts that they are a part of a head. */
  private void sections(long size) {
    long sum = Arrays.stream(facts.perLayer(key("rope.dimension_sections"), 4, 0)).sum();
    if (sum > size) {
      throw facts.corrupt(
          key("rope.dimension_sections") + " has the sum " + sum + ", expected at most the size of a head, " + size);
    }
  }

  private void kinds(long[] keyHeads) {
    long recurrent = Arrays.stream(keyHeads).filter(count -> count == 0).count();
    if (recurrent == 0 || recurrent == layers) {
      throw facts.corrupt(
          key("attention.head_count_kv")
              + " is "
              + (recurrent == 0 ? "nowhere 0" : "0 everywhere")
              + ", so that all layers are "
              + (recurrent == 0 ? "of attention" : "recurrent")
              + "; expected both kinds");
    }
  }

  /** Recurrent layers are those without key heads and without a feed-forward network. */
  private void threeKinds(long[] keyHeads) {
    long[] forward = facts.perLayer(key("feed_forward_length"), layers, 0);
    boolean attention = false;
    boolean recurrent = false;
    for (int layer = 0; layer < layers; layer++) {
      attention |= keyHeads[layer] > 0;
      recurrent |= keyHeads[layer] == 0 && forward[layer] == 0;
    }
    if (!attention || !recurrent) {
      throw facts.corrupt(
          key("attention.head_count_kv")
              + " and feed_forward_length leave no "
              + (attention
                  ? "recurrent layer, in which both are 0"
                  : "layer of attention, in which the first is not 0"));
    }
  }

  /** Which layers share the index of an earlier one is in {@code indexer.types}. */
  private void indexers() {
    if (!facts.has(key("attention.indexer.types"))) {
      long trunk = layers - number("nextn_predict_layers", 0);
      for (int layer = 0; layer < trunk; layer++) {
        for (String name : INDEX) {
          require("blk." + layer + "." + name);
        }
      }
    }
  }

  private void interval() {
    long interval = number("full_attention_interval", INTERVAL);
    long trunk = layers - number("nextn_predict_layers", 0);
    if (interval < 2 || interval > trunk) {
      throw facts.corrupt(
          key("full_attention_interval")
              + " is "
              + interval
              + ", expected 2 to "
              + trunk
              + ", so that there are layers of both kinds");
    }
  }

  private void stateSpace() {
    stateSpaceHeads();
    forEachLayerWith("ssm_conv1d.weight", layer -> require("blk." + layer + ".ssm_conv1d.bias"));
  }

  private void stateSpaceHeads() {
    long inner = number("ssm.inner_size", 0);
    for (String name : List.of("ssm.time_step_rank", "ssm.group_count")) {
      long divisor = number(name, 0);
      if (divisor == 0 || inner % divisor != 0) {
        throw facts.corrupt(key(name) + " is " + divisor + ", expected a divisor of ssm.inner_size, " + inner);
      }
    }
  }

  /** {@code ssm_in} holds both, in models of Qwen3-Next only. */
  private void deltaNet(int layer) {
    String block = "blk." + layer + ".";
    if (!(architecture.equals("qwen3next") && has(block + "ssm_in.weight"))) {
      require(block + "attn_qkv.weight");
      require(block + "attn_gate.weight");
    }
  }

  private void queries(int layer) {
    String block = "blk." + layer + ".";
    if (!has(block + "attn_qkv.weight")) {
      for (String name : List.of("attn_q.weight", "attn_k.weight", "attn_v.weight")) {
        if (!has(block + name)) {
          throw facts.corrupt("neither " + block + "attn_qkv.weight nor " + block + name + " is there");
        }
      }
    }
  }

  private void lerp(int layer) {
    String block = "blk." + layer + ".time_mix_lerp_";
    if (!has(block + "fused.weight")) {
      for (String name : List.of("w", "k", "v", "r", "g")) {
        if (!has(block + name + ".weight")) {
          throw facts.corrupt("neither " + block + "fused.weight nor " + block + name + ".weight is there");
        }
      }
    }
  }

  /** The graph pads the output up to the embedding's tokens, and aborts if it has more. */
  private void rows() {
    GgufTensor embedding = tensor("token_embd.weight");
    GgufTensor output = tensor("output.weight");
    if (embedding != null && output != null && dimension(output, 1) > dimension(embedding, 1)) {
      throw facts.corrupt(
          "tensor output.weight has "
              + dimension(output, 1)
              + " rows, expected at most "
              + dimension(embedding, 1)
              + " as in token_embd.weight");
    }
  }

  private void headSize(int step) {
    long width = number("embedding_length", 0);
    long size = facts.required(key("wkv.head_size"), 1, width);
    if (width % size != 0 || size % step != 0) {
      throw facts.corrupt(
          key("wkv.head_size")
              + " is "
              + size
              + ", expected a divisor of embedding_length, "
              + width
              + (step > 1 ? ", and a multiple of " + step : ""));
    }
  }

  private void sharedHeads(long[] keyHeads) {
    long count = number("embedding_length", 0) / number("wkv.head_size", 1);
    for (long shared : keyHeads) {
      if (shared > 0 && count % shared != 0) {
        throw facts.corrupt(key("attention.head_count_kv") + " is " + shared + ", expected a divisor of " + count);
      }
    }
  }

  private void wavTokenizer() {
    facts.required(key("posnet.block_count"), 0, Math.min(POSNET_LAYERS, layers));
    facts.required(key("convnext.block_count"), 0, layers);
    equal("posnet.embedding_length", number("posnet.embedding_length", 0), number("convnext.embedding_length", 0));
  }

  private void slots() {
    long slots =
        Math.max(0, number("hrm.layers_per_stack", 0)) * number("hrm.h_cycles", 0) * (number("hrm.l_cycles", 0) + 1);
    equal("block_count", layers, slots);
  }

  /** Experts are chosen a second time, among groups of them. */
  private void chunks() {
    long count = number("expert_count", 0);
    long size = Math.max(1, number("experts_per_group", 1));
    long used = Arrays.stream(facts.perLayer(key("expert_used_count"), layers, 0)).max().orElse(0);
    if (used > count / size) {
      throw facts.corrupt(
          key("expert_used_count")
              + " is "
              + used
              + ", expected at most "
              + count / size
              + ", which is "
              + count
              + " experts by experts_per_group, "
              + size);
    }
  }

  private void plainHeads(long heads) {
    long size = heads > 0 ? number("embedding_length", 0) / heads : 0;
    equal("attention.key_length", number("attention.key_length", size), size);
    equal("attention.value_length", number("attention.value_length", size), size);
    float base = facts.f32(key("rope.freq_base"), 10_000);
    if (!(Math.abs(base - 10_000) < 1e-4)) {
      throw facts.corrupt(key("rope.freq_base") + " is " + base + ", expected 10000");
    }
  }

  private void gatedUp(int layer) {
    long size = facts.perLayer(key("feed_forward_length"), layers, 0)[layer];
    GgufTensor up = tensor("blk." + layer + ".ffn_up.weight");
    if (up != null && dimension(up, 1) != size && dimension(up, 1) != 2 * size) {
      throw facts.corrupt(
          "tensor " + up.name() + " has " + dimension(up, 1) + " rows, expected " + size + " or " + 2 * size);
    }
  }

  private void gate(int layer, long heads) {
    long plain = heads > 0 ? number("embedding_length", 0) / heads : 0;
    long size = number("attention.key_length", plain);
    GgufTensor gate = tensor("blk." + layer + ".attn_gate.weight");
    if (gate != null && dimension(gate, 1) != heads && dimension(gate, 1) != heads * size) {
      throw facts.corrupt(
          "tensor " + gate.name() + " has " + dimension(gate, 1) + " rows, expected " + heads + " or " + heads * size);
    }
  }

  private void images() {
    GgufTensor embedding = tensor("token_embd.weight");
    if (embedding != null && dimension(embedding, 1) < CHAMELEON_TOKENS) {
      throw facts.corrupt(
          "tensor token_embd.weight has "
              + dimension(embedding, 1)
              + " rows, expected at least "
              + CHAMELEON_TOKENS
              + ", of which most are parts of images");
    }
  }

  private void safeGate() {
    if (!facts.bool(key("kda.safe_gate"), true)) {
      throw facts.corrupt(key("kda.safe_gate") + " is false, expected true");
    }
    float bound = facts.f32(key("kda.gate_lower_bound"), 0);
    if (!(bound < 0)) {
      throw facts.corrupt(key("kda.gate_lower_bound") + " is " + bound + ", expected less than 0");
    }
  }

  private void equal(String name, long value, long expected) {
    if (value != expected) {
      throw facts.corrupt(key(name) + " is " + value + ", expected " + expected);
    }
  }

  private interface LayerCheck {
    void check(int layer);
  }

  private void forEachLayer(LayerCheck check) {
    for (int layer = 0; layer < layers; layer++) {
      check.check(layer);
    }
  }

  private void forEachLayerWith(String tensor, LayerCheck check) {
    forEachLayer(layer -> {
      if (has("blk." + layer + "." + tensor)) {
        check.check(layer);
      }
    });
  }

  private boolean has(String tensor) {
    return facts.file().tensor(tensor).isPresent();
  }

  private @Nullable GgufTensor tensor(String name) {
    return facts.file().tensor(name).orElse(null);
  }

  private static long dimension(GgufTensor tensor, int index) {
    return index < tensor.dimensions().size() ? tensor.dimensions().get(index) : 1;
  }

  private void require(String tensor) {
    if (!has(tensor)) {
      throw facts.corrupt("tensor " + tensor + " is missing, without which " + architecture + " can't compute");
    }
  }
}
