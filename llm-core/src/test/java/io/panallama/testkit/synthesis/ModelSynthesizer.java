package io.panallama.testkit.synthesis;

import java.nio.file.Path;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Finds out what llama.cpp's loader wants in a model of an architecture: it writes a model, tries it, and adds what the
 * error says is missing, until the loader is content or dies.
 *
 * <p>The variant {@code bare} has only the metadata that the loader insists on, {@code full} all that any
 * architecture reads, with values that suit it.
 */
public final class ModelSynthesizer {
  private static final int MOST_TRIALS = 400;
  private static final int FEW_TRIALS = 30;

  private static final Pattern MISSING_KEY = Pattern.compile("key not found in model: (\\S+)");
  private static final Pattern WRONG_TYPE =
      Pattern.compile("key (\\S+) has wrong type (\\S+) but expected type (\\S+)");
  private static final Pattern MISSING_TENSOR = Pattern.compile("missing tensor '([^']+)'|tensor '([^']+)' not found");
  private static final Pattern WRONG_SHAPE =
      Pattern.compile("tensor '([^']+)' has wrong shape; expected ([0-9, ]+), got");
  private static final Pattern WRONG_NUMBER = Pattern.compile("wrong number of tensors; expected (\\d+), got (\\d+)");

  /** Values by key: those of most architectures. */
  private static final String COMMON =
      """
      vocab_size=u32 288
      context_length=u32 256
      embedding_length=u32 64
      features_length=u32 64
      block_count=u32 2
      leading_dense_block_count=u32 1
      feed_forward_length=u32 96
      use_parallel_residual=bool false
      logit_scale=f32 1
      time_mix_extra_dim=u32 16
      time_decay_extra_dim=u32 16
      full_attention_interval=u32 2
      attention.head_count=u32 2
      attention.head_count_kv=u32 2
      attention.max_alibi_bias=f32 8
      attention.clamp_kqv=f32 1
      attention.layer_norm_epsilon=f32 1e-5
      attention.layer_norm_rms_epsilon=f32 1e-5
      attention.group_norm_epsilon=f32 1e-5
      attention.group_norm_groups=u32 8
      attention.q_lora_rank=u32 32
      attention.kv_lora_rank=u32 32
      attention.relative_buckets_count=u32 8
      attention.sliding_window=u32 32
      attention.sliding_window_pattern=u32 2
      attention.indexer.head_count=u32 64
      attention.indexer.key_length=u32 128
      attention.indexer.top_k=u32 131072
      attention.indexer.block_size=u32 4
      attention.indexer.local_blocks=u32 1
      rope.dimension_sections=u32s 8 8 8 8
      expert_feed_forward_length=u32 96
      expert_shared_feed_forward_length=u32 48
      expert_latent_length=u32 96
      interleave_moe_layer_step=u32 2
      expert_count=u32 2
      expert_used_count=u32 2
      expert_shared_count=u32 1
      expert_gating_func=u32 2
      expert_group_scale=f32 1
      experts_per_group=u32 1
      posnet.embedding_length=u32 64
      posnet.block_count=u32 2
      convnext.embedding_length=u32 64
      convnext.block_count=u32 2
      xielu.alpha_n=f32 1
      xielu.alpha_p=f32 1
      xielu.beta=f32 1
      xielu.eps=f32 1e-7
      ssm.inner_size=u32 128
      ssm.conv_kernel=u32 4
      ssm.state_size=u32 16
      ssm.time_step_rank=u32 2
      ssm.group_count=u32 2
      kda.head_dim=u32 32
      kda.safe_gate=bool true
      kda.gate_lower_bound=f32 -5
      wkv.head_size=u32 32
      shortconv.l_cache=u32 3
      residual_scale=f32 3.5
      attn_res.block_size=u32 12
      activation.situ_beta=f32 4
      activation.situ_linear_beta=f32 25
      """;

  private static final String LATENT =
      "embedding_length=u32 64; attention.head_count=u32 1; attention.head_count_kv=u32 1;"
          + " attention.key_length=u32 48; attention.value_length=u32 32; rope.dimension_count=u32 16;"
          + " attention.key_length_mla=u32 48; attention.value_length_mla=u32 32";

  /** Sizes that are 0 unless they are set, in the order in which they are tried. */
  private static final List<String> SIZES =
      List.of(
          "attention.head_count",
          "feed_forward_length",
          "attention.key_length",
          "attention.value_length",
          "expert_feed_forward_length",
          "expert_shared_feed_forward_length",
          "expert_count",
          "expert_used_count",
          "expert_shared_count",
          "attention.kv_lora_rank",
          "attention.q_lora_rank",
          "ssm.inner_size",
          "ssm.conv_kernel",
          "ssm.state_size",
          "ssm.time_step_rank",
          "ssm.group_count",
          "wkv.head_size",
          "shortconv.l_cache",
          "attention.relative_buckets_count",
          "attention.indexer.head_count",
          "attention.indexer.key_length",
          "rope.dimension_count");

  private static final String ALTERNATING = "attention.head_count=u32s 2 0; attention.head_count_kv=u32s 2 0";

  /** Values of single architectures, which replace the common ones; a dash removes a key. */
  private static final Map<String, String> SPECIAL = special();

  private final TrialProcess trial = new TrialProcess();
  private final Path folder;

  /** Writes its models to a folder. */
  public ModelSynthesizer(Path folder) {
    this.folder = folder;
  }

  private static Map<String, String> special() {
    Map<String, String> special = new LinkedHashMap<>();
    for (String name :
        List.of(
            "deepseek2",
            "deepseek32",
            "glm-dsa",
            "dots3note",
            "mistral4",
            "hy_v4",
            "bailingmoe3",
            "kimi-linear",
            "kimi-k3")) {
      special.put(name, LATENT);
    }
    for (String name :
        List.of("plamo2", "jamba", "granitehybrid", "lfm2", "lfm2moe", "kimi-linear", "bailingmoe3", "kimi-k3")) {
      special.merge(name, ALTERNATING, (a, b) -> a + "; " + b);
    }
    for (String name : List.of("kimi-linear", "bailingmoe3", "kimi-k3")) {
      special.merge(name, "attention.head_count=u32s 1 0; attention.head_count_kv=u32s 1 0", (a, b) -> a + "; " + b);
    }
    for (String name :
        List.of("cohere2moe", "mimo2", "step35", "spark2_5", "muse-glimmer", "granite_swa", "dots3note", "maple")) {
      special.merge(name, "attention.sliding_window_pattern=u32s 0 1", (a, b) -> a + "; " + b);
    }
    String indexers = "attention.indexer.types=u32s 1 0";
    special.merge(
        "dots3note",
        "attention.kv_lora_rank_swa=u32 32; attention.key_length_swa=u32 48; attention.value_length_swa=u32 32;"
            + " attention.key_length_mla_swa=u32 48; attention.value_length_mla_swa=u32 32;"
            + " rope.freq_base_swa=f32 10000; "
            + indexers,
        (a, b) -> a + "; " + b);
    special.merge(
        "hy_v4",
        "hyper_connection.count=u32 4; hyper_connection.epsilon=f32 1e-6; hyper_connection.magnitude=f32 2;"
            + " swiglu_clamp_exp=f32 10; expert_weights_scale=f32 1; expert_weights_norm=bool true; "
            + indexers,
        (a, b) -> a + "; " + b);
    String delta = "ssm.inner_size=u32 64; ssm.state_size=u32 32";
    special.put("qwen3next", delta);
    special.put("qwen35", delta);
    special.put("qwen35moe", delta);
    special.put(
        "qwen4exp",
        delta
            + "; attention.indexer.key_length=u32 32; hyper_connection.count=u32 4; hyper_connection.low_rank=u32 8;"
            + " attention.compress_ratios=u32s 4 4; ple.layers=u32s 0; ple.ngram_size=u32 3; ple.heads_per_ngram=u32 2;"
            + " ple.conv_kernel=u32 4; ple.eos_token_id=u32 0; embedding_length_per_layer_input=u32 16;"
            + " ple.layer_multipliers=u64s 1 3 5; ple.head_offsets=u64s 0 288 576 864;"
            + " ple.head_vocab_sizes=u64s 288 288 288 288");
    special.put("llama4", "block_count=u32 4");
    special.put(
        "gemma4",
        "block_count=u32 5; embedding_length_per_layer_input=u32 32; attention.shared_kv_layers=u32 0;"
            + " attention.key_length_swa=u32 32; attention.value_length_swa=u32 32; rope.freq_base_swa=f32 10000;"
            + " attention.sliding_window_pattern=u32 5");
    special.put(
        "gemma3n",
        "block_count=u32 22; attention.head_count=u32 1; attention.head_count_kv=u32 1; embedding_length=u32 32");
    special.put(
        "deepseek4",
        "block_count=u32 4; embedding_length=u32 256; attention.head_count=u32 8; attention.head_count_kv=u32 1;"
            + " attention.key_length=u32 32; attention.value_length=u32 32; rope.dimension_count=u32 16;"
            + " attention.q_lora_rank=u32 64; attention.output_group_count=u32 8; attention.output_lora_rank=u32 32;"
            + " attention.compress_ratios=u32s 0 0 4 128; attention.compress_rope_freq_base=f32 160000;"
            + " hyper_connection.count=u32 4; hyper_connection.sinkhorn_iterations=u32 2;"
            + " hyper_connection.epsilon=f32 1e-6; hash_layer_count=u32 0; swiglu_clamp_exp=f32 10;"
            + " expert_weights_scale=f32 1; expert_weights_norm=bool true; expert_gating_func=u32 4");
    special.put(
        "minimax-m3",
        "rope.dimension_count=u32 32; attention.indexer.head_count=u32 2; attention.indexer.key_length=u32 64");
    String nemotron =
        "block_count=u32 3; feed_forward_length=u32s 0 0 96; attention.head_count=u32s 2 0 2;"
            + " attention.head_count_kv=u32s 2 0 2";
    special.put("nemotron_h", nemotron);
    special.put("nemotron_h_moe", nemotron);
    special.put("chameleon", "vocab_size=u32 10240");
    special.put("qwen3tts", "vocab_size=u32 3072");
    special.put("hrm_text", "block_count=u32 8; hrm.layers_per_stack=u32 1; hrm.h_cycles=u32 2; hrm.l_cycles=u32 3");
    special.merge("maple", "swiglu_clamp_exp=f32 7", (a, b) -> a + "; " + b);
    special.merge("bailingmoe3", "swiglu_clamp_exp=f32s 0 4; swiglu_clamp_shexp=f32s 0 5", (a, b) -> a + "; " + b);
    special.merge("plamo2", "ssm.group_count=u32 0", (a, b) -> a + "; " + b);
    for (String name : List.of("bert", "nomic-bert", "nomic-bert-moe", "jina-bert-v2", "jina-bert-v3")) {
      special.put(name, "tokenizer.ggml.token_type_count=u32 2");
    }
    special.put("arwkv7", "token_shift_count=u32 1");
    special.put("rwkv6qwen2", "token_shift_count=u32 1");
    String ranks =
        "attention.gate_lora_rank=u32 16; attention.decay_lora_rank=u32 16; attention.iclr_lora_rank=u32 16;"
            + " attention.value_residual_mix_lora_rank=u32 16";
    special.put("rwkv7", ranks + "; wkv.head_size=u32 64");
    special.merge("arwkv7", ranks + "; wkv.head_size=u32 64", (a, b) -> a + "; " + b);
    special.put("plm", "rope.dimension_count=u32 16");
    special.merge("gemma4", "attention.sliding_window_pattern=u32s 1 1 1 1 0", (a, b) -> a + "; " + b);
    special.put("gemma4-assistant", "attention.sliding_window_pattern=u32s 1 0");
    return special;
  }

  /**
   * Tensors that the loader does not insist on and the graph does, and those whose shape the loader takes from the
   * file. A 1 is replaced by what the loader says.
   */
  private static final Map<String, List<String>> EXTRA =
      Map.ofEntries(
          Map.entry("phi3", List.of("blk.*.attn_qkv.weight 1")),
          Map.entry("pockettts", List.of("blk.*.attn_qkv.weight 1")),
          Map.entry("falcon-h1", List.of("blk.*.ssm_conv1d.bias 1")),
          Map.entry("granitehybrid", List.of("blk.*.ssm_conv1d.bias 1")),
          Map.entry("nemotron_h", List.of("blk.*.ssm_conv1d.bias 1")),
          Map.entry("nemotron_h_moe", List.of("blk.*.ssm_conv1d.bias 1")),
          Map.entry("qwen3next", List.of("blk.*.attn_qkv.weight 1", "blk.*.attn_gate.weight 1")),
          Map.entry("qwen35", List.of("blk.*.attn_qkv.weight 1", "blk.*.attn_gate.weight 1")),
          Map.entry("qwen35moe", List.of("blk.*.attn_qkv.weight 1", "blk.*.attn_gate.weight 1")),
          Map.entry("t5", List.of("enc.blk.0.attn_rel_b.weight 1", "dec.blk.0.attn_rel_b.weight 1")),
          Map.entry("t5encoder", List.of("enc.blk.0.attn_rel_b.weight 1")),
          Map.entry(
              "glm-dsa",
              List.of(
                  "blk.*.indexer.k_norm.weight 1",
                  "blk.*.indexer.k_norm.bias 1",
                  "blk.*.indexer.proj.weight 1",
                  "blk.*.indexer.attn_k.weight 1",
                  "blk.*.indexer.attn_q_b.weight 1")),
          Map.entry("rwkv6", List.of("blk.*.time_mix_lerp_fused.weight 1")),
          Map.entry("laguna", List.of("blk.*.attn_gate.weight 64 2")),
          Map.entry("qwen4exp", List.of("per_layer_token_embd.weight 16 1152")));

  /**
   * Finds a recipe.
   *
   * @return the recipe as far as it got, and how its last trial ended
   */
  public Found synthesize(String architecture, String variant, boolean experts) {
    Map<String, String> values = values(architecture, experts);
    ModelRecipe recipe = new ModelRecipe(architecture, variant);
    if (variant.startsWith("full")) {
      recipe.keys().putAll(values);
    } else {
      List.of("vocab_size", "context_length", "embedding_length", "block_count")
          .forEach(key -> recipe.keys().put(key, String.valueOf(values.get(key))));
    }
    return complete(recipe, values);
  }

  /** A recipe, and how its last trial ended: generating, dying, or with an error that has no remedy. */
  public record Found(ModelRecipe recipe, TrialProcess.End end) {}

  private static Map<String, String> values(String architecture, boolean experts) {
    Map<String, String> values = new LinkedHashMap<>();
    for (String line : COMMON.lines().toList()) {
      values.put(line.substring(0, line.indexOf('=')), line.substring(line.indexOf('=') + 1));
    }
    for (String entry : SPECIAL.getOrDefault(architecture, "").split("; ?")) {
      if (!entry.isBlank()) {
        values.put(entry.strip().substring(0, entry.strip().indexOf('=')), entry.substring(entry.indexOf('=') + 1));
      }
    }
    if (!experts) {
      values.keySet().removeIf(key -> key.startsWith("expert") || key.equals("interleave_moe_layer_step"));
    }
    return values;
  }

  /** Gives a recipe the tensors that the loader wants for its numbers, in a few steps. */
  public ModelRecipe repaired(ModelRecipe recipe) {
    recipe.tensors().keySet().removeIf(name -> layer(name) >= recipe.layers());
    return complete(recipe, values(recipe.architecture(), true), new TreeSet<>(), FEW_TRIALS).recipe();
  }

  private static int layer(String tensor) {
    Matcher block = Pattern.compile("^blk\\.(\\d+)\\.").matcher(tensor);
    return block.find() ? Integer.parseInt(block.group(1)) : 0;
  }

  private Found complete(ModelRecipe recipe, Map<String, String> values) {
    Set<String> guessed = new TreeSet<>();
    for (String extra : EXTRA.getOrDefault(recipe.architecture(), List.of())) {
      String[] words = extra.split(" ", 2);
      for (int layer = 0; layer < recipe.layers(); layer++) {
        String name = words[0].replace("*", Integer.toString(layer));
        recipe.tensors().put(name, typeOf(name) + " " + words[1]);
        guessed.add(name);
      }
    }
    return complete(recipe, values, guessed, MOST_TRIALS);
  }

  private Found complete(ModelRecipe recipe, Map<String, String> values, Set<String> guessed, int most) {
    Path file = folder.resolve(recipe.architecture() + "-" + recipe.variant() + ".gguf");
    TrialProcess.End end = new TrialProcess.End(-1, "");
    for (int i = 0; i < most; i++) {
      recipe.write(file, 1);
      end = trial.run(file, "steps");
      if (end.died() || end.generated() || !improve(recipe, values, guessed, end.output())) {
        break;
      }
    }
    return new Found(recipe, end);
  }

  /** Does what the error asks for; false if that is unclear. */
  private static boolean improve(ModelRecipe recipe, Map<String, String> values, Set<String> guessed, String output) {
    Matcher key = MISSING_KEY.matcher(output);
    if (key.find()) {
      String name = key.group(1).replaceFirst("^" + Pattern.quote(recipe.architecture()) + "\\.", "");
      return recipe.keys().putIfAbsent(name, values.getOrDefault(name, "u32 1")) == null;
    }
    Matcher type = WRONG_TYPE.matcher(output);
    if (type.find()) {
      String name = type.group(1).replaceFirst("^" + Pattern.quote(recipe.architecture()) + "\\.", "");
      String value =
          type.group(3).equals("str") ? "text none" : type.group(3) + (type.group(3).equals("bool") ? " true" : " 1");
      return !value.equals(recipe.keys().put(name, value));
    }
    Matcher shape = WRONG_SHAPE.matcher(output);
    if (shape.find()) {
      String dimensions = String.join(" ", Arrays.stream(shape.group(2).split(",")).map(String::strip).toList());
      String trimmed = dimensions.replaceFirst("( 1)+$", "");
      if (List.of(trimmed.split(" ")).contains("0")) {
        // The loader does not insist on the numbers that the shape comes from, but a tensor must have a size.
        return SIZES.stream()
            .filter(values::containsKey)
            .anyMatch(name -> recipe.keys().putIfAbsent(name, String.valueOf(values.get(name))) == null);
      }
      put(recipe, guessed, shape.group(1), trimmed);
      return true;
    }
    Matcher tensor = MISSING_TENSOR.matcher(output);
    if (tensor.find()) {
      String name = tensor.group(1) != null ? tensor.group(1) : tensor.group(2);
      if (recipe.tensors().containsKey(name)) {
        return false;
      }
      recipe.tensors().put(name, typeOf(name) + " 1");
      guessed.remove(name);
      return true;
    }
    if (WRONG_NUMBER.matcher(output).find() && !guessed.isEmpty()) {
      List<String> unread =
          guessed.stream().filter(name -> String.valueOf(recipe.tensors().get(name)).endsWith("32 1")).toList();
      if (!unread.isEmpty()) {
        unread.forEach(name -> recipe.tensors().remove(name));
        unread.forEach(guessed::remove);
        return true;
      }
      guessed.forEach(name -> recipe.tensors().remove(name));
      guessed.clear();
      return true;
    }
    return false;
  }

  /** Gives a tensor its shape, and those of the same name in later layers, as long as none had to be taken back. */
  private static void put(ModelRecipe recipe, Set<String> guessed, String name, String dimensions) {
    String shape = typeOf(name) + " " + dimensions;
    recipe.tensors().put(name, shape);
    guessed.remove(name);
    if (name.startsWith("blk.0.")) {
      for (int layer = 1; layer < recipe.layers(); layer++) {
        String same = name.replaceFirst("^blk\\.0\\.", "blk." + layer + ".");
        if (recipe.tensors().putIfAbsent(same, shape) == null) {
          guessed.add(same);
        }
      }
    }
  }

  /** Convolutions in one dimension want F16. */
  private static String typeOf(String name) {
    return name.matches("conv1d\\.weight|posnet\\.\\d+\\.conv\\d\\.weight|convnext\\.\\d+\\.dw\\.weight")
        ? "F16"
        : "F32";
  }
}
