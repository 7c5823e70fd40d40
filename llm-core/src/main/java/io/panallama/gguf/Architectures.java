package io.panallama.gguf;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/**
 * The architectures of llama.cpp v0.5.0 and what their graphs assert. Taken from {@code LLM_ARCH_NAMES} in {@code
 * src/llama-arch.cpp} and the {@code GGML_ASSERT}s at the head of the graphs in {@code src/models/*.cpp}.
 */
final class Architectures {
  /** The special properties of an architecture. */
  enum Trait {
    /** Its graph asserts that keys and values of a head have the same length. */
    KV,
    /** Its graph asserts that the whole head is rotated. */
    ROT,
    /** It has no attention: head counts mean something else, or nothing. */
    RECURRENT,
    /** Some of its layers are recurrent. */
    HYBRID,
    /** It does not use rotary positions: {@code LLAMA_ROPE_TYPE_NONE}. */
    UNROTATED,
    /** It is the image or audio encoder of another model ({@code --mmproj}); loading it as a model aborts. */
    PROJECTOR,
    /** It has a name but no implementation. */
    UNLOADABLE
  }

  private static final String DATA =
      """
      clip projector unrotated
      llama kv rot
      llama4 kv rot
      deci kv rot
      falcon kv rot
      grok kv rot
      gpt2 kv unrotated
      gptj unloadable unrotated
      gptneox kv
      mpt kv unrotated
      baichuan kv rot
      starcoder kv
      refact kv unrotated
      bert kv
      modern-bert kv
      nomic-bert kv
      nomic-bert-moe kv
      neo-bert kv
      jina-bert-v2 kv unrotated
      jina-bert-v3 kv
      eurobert kv
      bloom kv unrotated
      stablelm kv
      qwen kv
      qwen2 kv rot
      qwen2moe kv rot
      qwen2vl kv rot
      qwen3 kv rot
      qwen3moe kv rot
      qwen3next kv hybrid
      qwen3vl kv rot
      qwen3vlmoe kv rot
      qwen35 kv hybrid
      qwen35moe kv hybrid
      qwen4exp kv hybrid
      phi2 kv
      phi3 kv
      phimoe kv
      plamo kv rot
      plamo2 hybrid
      plamo3
      codeshell kv rot
      orion kv rot
      internlm2 kv rot
      minicpm kv rot
      minicpm3
      gemma
      gemma2
      gemma3
      gemma3n
      gemma4
      gemma4-assistant
      gemma-embedding
      starcoder2 kv rot
      mamba recurrent unrotated
      mamba2 recurrent unrotated
      maple
      jamba hybrid unrotated
      falcon-h1 hybrid
      xverse kv rot
      command-r kv
      cohere2 kv
      cohere2moe kv rot
      dbrx kv rot
      olmo kv rot
      olmo2 kv rot
      olmoe kv rot
      muse-glimmer kv
      openelm kv
      arctic kv rot
      deepseek kv rot
      deepseek2
      deepseek2-ocr
      deepseek32
      deepseek4 hybrid
      chatglm kv
      glm4 kv
      glm4moe kv
      glm-dsa
      bitnet kv
      t5 kv unrotated
      t5encoder kv unrotated
      jais kv unrotated
      jais2 kv rot
      nemotron kv
      nemotron_h kv hybrid unrotated
      nemotron_h_moe kv hybrid unrotated
      exaone kv rot
      exaone4 kv rot
      exaone-moe kv rot
      rwkv6 recurrent unrotated
      rwkv6qwen2 recurrent unrotated
      rwkv7 recurrent unrotated
      arwkv7 recurrent unrotated
      granite kv rot
      granitemoe kv rot
      granitehybrid kv hybrid
      graniteswitch kv rot
      granite_swa kv rot
      chameleon kv rot
      wavtokenizer-dec unrotated
      plm
      bailingmoe
      bailingmoe2 kv
      bailingmoe3 hybrid
      dots1 kv rot
      dots3note
      arcee kv rot
      afmoe kv
      laguna kv
      ernie4_5 kv rot
      ernie4_5-moe kv rot
      hunyuan-moe kv rot
      hunyuan-dense kv rot
      hunyuan_vl kv rot
      hy_v3 kv rot
      hy_v4
      smollm3 kv rot
      gpt-oss
      lfm2 hybrid
      lfm2moe hybrid
      dream kv rot
      smallthinker kv rot
      llada kv rot
      llada-moe kv rot
      seed_oss kv rot
      grovemoe kv rot
      apertus kv rot
      minimax-01 kv hybrid
      hrm_text
      minimax-m2 kv
      minimax-m3 kv
      cogvlm kv rot
      rnd1 kv rot
      pangu-embedded kv rot
      mistral3 kv rot
      eagle3
      dflash
      mistral4
      paddleocr kv rot
      mimo2
      step35
      spark2_5 kv
      llama-embed kv rot
      maincoder kv rot
      kimi-linear hybrid unrotated
      kimi-k3 hybrid unrotated
      talkie kv rot
      mellum kv rot
      nanbeige kv
      qwen3tts kv rot
      pockettts kv rot
      """;

  private static final Map<String, Set<Trait>> TRAITS = parse();

  private Architectures() {}

  private static Map<String, Set<Trait>> parse() {
    Map<String, Set<Trait>> traits = new LinkedHashMap<>();
    for (String line : DATA.lines().toList()) {
      String[] words = line.split(" ");
      Set<Trait> found = EnumSet.noneOf(Trait.class);
      for (int i = 1; i < words.length; i++) {
        found.add(Trait.valueOf(words[i].toUpperCase(Locale.ROOT)));
      }
      traits.put(words[0], found);
    }
    return traits;
  }

  static Set<String> names() {
    return TRAITS.keySet();
  }

  static boolean has(String architecture, Trait trait) {
    return TRAITS.getOrDefault(architecture, Set.of()).contains(trait);
  }

  /** Known names that may have been meant, because of a typo or a newer version of an architecture; closest first, at most three. */
  static List<String> nearby(String name) {
    record Candidate(String name, int distance) {}
    List<Candidate> candidates = new ArrayList<>();
    for (String known : TRAITS.keySet()) {
      int distance = commonPrefix(name, known) >= 4 ? 1 : distance(name, known);
      if (distance <= Math.max(1, Math.min(name.length(), known.length()) / 3)) {
        candidates.add(new Candidate(known, distance(name, known)));
      }
    }
    candidates.sort(Comparator.comparingInt(Candidate::distance));
    return candidates.stream().limit(3).map(Candidate::name).toList();
  }

  private static int commonPrefix(String a, String b) {
    int length = 0;
    while (length < Math.min(a.length(), b.length()) && a.charAt(length) == b.charAt(length)) {
      length++;
    }
    return length;
  }

  /** Levenshtein distance over the first 64 characters. */
  private static int distance(String first, String second) {
    String a = first.substring(0, Math.min(64, first.length()));
    int[] row = new int[second.length() + 1];
    for (int j = 0; j < row.length; j++) {
      row[j] = j;
    }
    for (int i = 1; i <= a.length(); i++) {
      int diagonal = row[0];
      row[0] = i;
      for (int j = 1; j < row.length; j++) {
        int substituted = diagonal + (a.charAt(i - 1) == second.charAt(j - 1) ? 0 : 1);
        diagonal = row[j];
        row[j] = Math.min(substituted, 1 + Math.min(row[j], row[j - 1]));
      }
    }
    return row[second.length()];
  }
}
