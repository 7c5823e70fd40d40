package io.panallama.gguf;

import io.panallama.gguf.Architectures.Trait;
import java.util.Arrays;
import java.util.List;

/**
 * Checks what individual models of llama.cpp v0.5.0 ({@code src/models/*.cpp}) assert or divide by, beyond what all of
 * them do.
 *
 * <p>Covers the divisions and asserts on metadata in {@code load_arch_hparams} and {@code load_arch_tensors}, and those
 * of the graphs of recurrent and linear attention. {@link GraphPreflight} covers the tensors of the graphs.
 */
final class ArchitecturePreflight {
  /** For each architecture, the keys that it divides by or asserts to be positive if they are set. */
  private static final String POSITIVE =
      """
      grovemoe: experts_per_group
      qwen3next qwen35 qwen35moe qwen4exp minimax-01: full_attention_interval
      rwkv6 rwkv6qwen2 rwkv7 arwkv7: wkv.head_size
      mamba2 granitehybrid nemotron_h nemotron_h_moe falcon-h1: ssm.group_count ssm.time_step_rank
      qwen3next qwen35 qwen35moe qwen4exp: ssm.group_count ssm.time_step_rank
      hrm_text: hrm.layers_per_stack hrm.h_cycles hrm.l_cycles
      minimax-m3: attention.indexer.block_size attention.indexer.top_k
      nanbeige: num_loops
      """;

  /** Architectures that divide by the experts in use, or assert that there are some. */
  private static final List<String> NEED_EXPERTS =
      List.of("bailingmoe2", "glm4moe", "grovemoe", "lfm2moe", "llada-moe", "smallthinker", "qwen35moe", "qwen4exp");

  /** Architectures that divide by the heads of the first layer, whatever the metadata says about their size. */
  private static final List<String> NEED_HEADS_FIRST = List.of("olmo2", "phimoe", "gemma2", "gemma3");

  /** Gated delta networks: {@code delta-net-base.cpp}. */
  private static final List<String> DELTA_NETS = List.of("qwen3next", "qwen35", "qwen35moe", "qwen4exp");

  private final Facts facts;
  private final String architecture;

  private ArchitecturePreflight(Facts facts, String architecture) {
    this.facts = facts;
    this.architecture = architecture;
  }

  static void check(Facts facts, String architecture, int layers, long[] heads) {
    new ArchitecturePreflight(facts, architecture).check(layers, heads);
  }

  private String key(String name) {
    return architecture + "." + name;
  }

  private void check(int layers, long[] heads) {
    positives();
    attentionHeads(heads);
    if (NEED_EXPERTS.contains(architecture)) {
      facts.required(key("expert_count"), 1, HyperparameterPreflight.MAX_EXPERTS);
    }
    long width = facts.u32(key("embedding_length"), 0);
    long inner = facts.u32(key("ssm.inner_size"), 0);
    long rank = facts.u32(key("ssm.time_step_rank"), 0);
    switch (architecture) {
      case "jamba", "granitehybrid" -> equal("ssm.inner_size", inner, 2 * width);
      case "rwkv6", "rwkv7" -> equal("token_shift_count", facts.u32(key("token_shift_count"), 2), 2);
      case "rwkv6qwen2", "arwkv7" -> equal("token_shift_count", facts.u32(key("token_shift_count"), 2), 1);
      case "nanbeige" -> {
        if (layers * facts.u32(key("num_loops"), 1) > HyperparameterPreflight.MAX_LAYERS) {
          throw facts.corrupt(key("num_loops") + " makes more than " + HyperparameterPreflight.MAX_LAYERS + " layers");
        }
      }
      default -> {
        if (DELTA_NETS.contains(architecture)) {
          deltaNet(inner, rank);
        }
      }
    }
  }

  private void positives() {
    for (String line : POSITIVE.lines().toList()) {
      String[] sides = line.split(": ");
      if (List.of(sides[0].split(" ")).contains(architecture)) {
        for (String name : sides[1].split(" ")) {
          facts.optional(key(name), 1, 1, Integer.MAX_VALUE);
        }
      }
    }
  }

  private void attentionHeads(long[] heads) {
    boolean none = Arrays.stream(heads).allMatch(count -> count == 0);
    boolean attention =
        !Architectures.has(architecture, Trait.RECURRENT)
            && !Architectures.has(architecture, Trait.HYBRID)
            && !architecture.equals("wavtokenizer-dec");
    if (none && attention || heads[0] == 0 && NEED_HEADS_FIRST.contains(architecture)) {
      throw facts.corrupt(key("attention.head_count") + " is 0 or missing, expected 1 or more");
    }
  }

  private void deltaNet(long inner, long rank) {
    long groups = facts.u32(key("ssm.group_count"), 1);
    if (rank % groups != 0) {
      throw facts.corrupt(
          key("ssm.time_step_rank") + " is " + rank + ", expected a multiple of ssm.group_count, " + groups);
    }
    equal("ssm.inner_size", inner, rank * facts.u32(key("ssm.state_size"), 0));
  }

  private void equal(String name, long value, long expected) {
    if (value != expected) {
      throw facts.corrupt(key(name) + " is " + value + ", expected " + expected);
    }
  }
}
