package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_logit_bias;
import io.panallama.bindings.generated.llama_sampler_chain_params;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.engine.TokenSampler;
import io.panallama.request.GenerationOptions;
import io.panallama.request.StopConditions;
import io.panallama.sampling.LogitProcessing;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/**
 * A native {@code llama_sampler} chain. Built on any thread, then used by one at a time. Retains the model, whose
 * vocabulary some stages point to.
 */
public final class SamplerChain implements TokenSampler {
  /** Below this logits overflow long before a second token has a chance; 0 is llama.cpp's "likeliest only". */
  private static final float SMALLEST_TEMPERATURE = 1e-5f;

  private final ModelHandle model;
  private final MemorySegment chain;
  private final int shortlist;
  private final boolean recursive;
  private final AnswerConstraint constraint;
  private final @Nullable CandidateBuffer candidates;
  private final AtomicBoolean closed = new AtomicBoolean();

  private SamplerChain(
      ModelHandle model,
      MemorySegment chain,
      List<Sampler> stages,
      int late,
      AnswerConstraint constraint,
      @Nullable LogitProcessing processing) {
    this.model = model;
    this.chain = chain;
    int seen = shortlist(stages, late, processing == null ? 1 : processing.maxCandidates());
    this.shortlist = seen;
    this.recursive = constraint.searchesText() || stages.stream().anyMatch(Sampler.LazyGrammar.class::isInstance);
    this.constraint = constraint;
    this.candidates = processing == null ? null : new CandidateBuffer(processing.maxCandidates());
  }

  /**
   * Builds the chain.
   *
   * @param prompt what precedes the first sampled token, for the stages that look back
   * @throws InvalidRequestException if a grammar does not compile or a token id is not in the vocabulary
   */
  public static SamplerChain create(ModelHandle model, Sampling sampling, int[] prompt) {
    return create(model, sampling, prompt, AnswerConstraint.NONE, GenerationOptions.defaults());
  }

  /**
   * Builds the chain behind a grammar.
   *
   * @param sampling in place of what the options have
   * @param prompt what precedes the first sampled token, for the stages that look back
   * @param options for the fewest tokens and the processor
   * @throws InvalidRequestException if a grammar does not compile or a token id is not in the vocabulary
   */
  public static SamplerChain create(
      ModelHandle model, Sampling sampling, int[] prompt, AnswerConstraint constraint, GenerationOptions options) {
    StopConditions stop = options.stop();
    requireTokens(model, "stop_token_ids", stop.tokens());
    model.retain();
    try (Arena arena = Arena.ofConfined()) {
      List<Sampler> stages = resolve(sampling.chain(), model);
      Set<Integer> ends = stop.minTokens() > 0 ? ends(model, stop) : Set.of();
      MemorySegment parameters = LlamaCpp.llama_sampler_chain_default_params(arena);
      llama_sampler_chain_params.no_perf(parameters, true);
      MemorySegment chain = LlamaCpp.llama_sampler_chain_init(parameters);
      SamplerChain result = new SamplerChain(model, chain, stages, ends.size(), constraint, options.processing());
      try {
        Builder builder = new Builder(model, result.chain, arena, seed(sampling), prompt);
        builder.add(constraint);
        int gates = gates(stages);
        builder.add(stages.subList(0, gates));
        builder.addMinTokens(stop.minTokens(), ends);
        builder.add(stages.subList(gates, stages.size()));
        return result;
      } catch (Throwable failure) {
        result.close();
        throw failure;
      }
    }
  }

  /** Stages whose meaning depends on the vocabulary, as those that llama.cpp has for it, and what the model wants. */
  private static List<Sampler> resolve(List<Sampler> stages, ModelHandle model) {
    List<Sampler> resolved = new ArrayList<>();
    stages.forEach(stage -> resolved.add(stage instanceof Sampler.NoEnd ? model.noEnd() : stage));
    Sampler.LogitBias suppressed = model.suppressed();
    if (!suppressed.bias().isEmpty()) {
      resolved.add(gates(stages), suppressed);
    }
    return resolved;
  }

  /** How many stages in front are asked about the chosen token, instead of looking at all. */
  private static int gates(List<Sampler> stages) {
    int count = 0;
    while (stages.get(count) instanceof Sampler.Grammar
        || stages.get(count) instanceof Sampler.LazyGrammar
        || stages.get(count) instanceof Sampler.BannedTexts) {
      count++;
    }
    return count;
  }

  private static Set<Integer> ends(ModelHandle model, StopConditions stop) {
    Set<Integer> ends = new HashSet<>(model.noEnd().bias().keySet());
    ends.addAll(stop.tokens());
    return ends;
  }

  private static void requireTokens(ModelHandle model, String parameter, Collection<Integer> tokens) {
    requireTokens(model, parameter, parameter, tokens);
  }

  private static void requireTokens(ModelHandle model, String parameter, String source, Collection<Integer> tokens) {
    for (int token : tokens) {
      if (token < 0 || token >= model.vocabularySize()) {
        throw new InvalidRequestException(
            parameter,
            source + " names token " + token + "; ids are 0 to " + (model.vocabularySize() - 1) + " in this model.");
      }
    }
  }

  private static int seed(Sampling sampling) {
    return sampling.seed() == Sampling.RANDOM_SEED ? ThreadLocalRandom.current().nextInt() : (int) sampling.seed();
  }

  /**
   * How many of the likeliest tokens a chain needs to see; 0 if all. The gates in front are asked afterwards. A token whose
   * logit {@code k + m} others reach can't be among the k likeliest after stages that lower at most {@code m} tokens, raise
   * none and otherwise keep the order.
   *
   * @see io.panallama.bindings.generated.panallama_sample
   */
  static int shortlist(List<Sampler> chain) {
    return shortlist(chain, 0, 1);
  }

  /**
   * @param late tokens that are forbidden at first
   * @param wanted how many tokens a choice of the likeliest is to see
   */
  private static int shortlist(List<Sampler> chain, int late, int wanted) {
    long lowered = late;
    for (Sampler stage : chain.subList(gates(chain), chain.size())) {
      switch (stage) {
        case Sampler.TopK(int k) -> {
          return intOrAll(k + lowered);
        }
        case Sampler.Greedy() -> {
          return intOrAll(wanted + lowered);
        }
        case Sampler.Temperature(float t) when t >= SMALLEST_TEMPERATURE -> {}
        case Sampler.Penalties p when p.repeat() >= 1 && p.frequency() >= 0 && p.presence() >= 0 ->
            lowered += p.lastN();
        case Sampler.LogitBias(Map<Integer, Float> bias) when bias.values().stream().allMatch(value -> value <= 0) ->
            lowered += bias.size();
        default -> {
          return 0;
        }
      }
    }
    return 0;
  }

  private static int intOrAll(long count) {
    return count <= Integer.MAX_VALUE ? (int) count : 0;
  }

  MemorySegment pointer() {
    return chain;
  }

  int shortlist() {
    return shortlist;
  }

  /** Where its candidates lie between sampling and choosing. */
  CandidateBuffer candidates() {
    if (candidates == null) {
      throw new IllegalStateException("a sampler without a processor");
    }
    return candidates;
  }

  /**
   * Whether it may take more stack than ggml's threads have: until a lazy grammar applies, llama.cpp searches all of the
   * answer by std::regex, which recurses for every character.
   */
  boolean isRecursive() {
    return recursive;
  }

  @Override
  public byte @Nullable [] spoken(int token) {
    return constraint.spoken().get(token);
  }

  @Override
  public int longestSpoken() {
    return constraint.longestSpoken();
  }

  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      LlamaCpp.llama_sampler_free(chain);
      model.release();
    }
  }

  /** Adds one native stage after the other. */
  private record Builder(ModelHandle model, MemorySegment chain, Arena arena, int seed, int[] prompt) {
    void add(AnswerConstraint constraint) {
      if (constraint.description() != null) {
        MemorySegment out = arena.allocate(ADDRESS);
        ErrorText error = new ErrorText(arena);
        int status =
            LlamaCpp.panallama_sampler_constraint(
                model.vocabulary(),
                model.vocabularyIndex(),
                text(constraint.parameter(), constraint.description()),
                out,
                error.slot());
        LlamaCpp.llama_sampler_chain_add(chain, compiled(constraint.parameter(), status, out, error));
      }
    }

    void add(List<Sampler> stages) {
      for (Sampler stage : stages) {
        MemorySegment sampler = create(stage);
        if (sampler.address() == 0) {
          throw new InvalidRequestException("samplers", "llama.cpp refused the sampler " + stage + ".");
        }
        LlamaCpp.llama_sampler_chain_add(chain, sampler);
        if (stage instanceof Sampler.Penalties penalties) {
          lookBack(sampler, penalties.lastN());
        } else if (stage instanceof Sampler.Dry dry) {
          lookBack(sampler, dry.lastN());
        }
      }
    }

    /** Not at all, if there is no fewest number of tokens. */
    void addMinTokens(int minTokens, Set<Integer> ends) {
      if (ends.isEmpty()) {
        return;
      }
      MemorySegment tokens = arena.allocateFrom(JAVA_INT, ends.stream().mapToInt(Integer::intValue).toArray());
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status = LlamaCpp.panallama_sampler_min_tokens(minTokens, tokens, ends.size(), out, error.slot());
      LlamaCpp.llama_sampler_chain_add(chain, made("min_tokens", status, out, error));
    }

    private MemorySegment create(Sampler stage) {
      return switch (stage) {
        case Sampler.Greedy() -> LlamaCpp.llama_sampler_init_greedy();
        case Sampler.Dist() -> LlamaCpp.llama_sampler_init_dist(seed);
        case Sampler.Mirostat(float tau, float eta, int m) ->
            LlamaCpp.llama_sampler_init_mirostat(model.vocabularySize(), seed, tau, eta, m);
        case Sampler.MirostatV2(float tau, float eta) -> LlamaCpp.llama_sampler_init_mirostat_v2(seed, tau, eta);
        case Sampler.AdaptiveP(float target, float decay) ->
            LlamaCpp.llama_sampler_init_adaptive_p(target, decay, seed);
        case Sampler.TopK(int k) -> LlamaCpp.llama_sampler_init_top_k(k);
        case Sampler.TopP(float p, int minKeep) -> LlamaCpp.llama_sampler_init_top_p(p, minKeep);
        case Sampler.MinP(float p, int minKeep) -> LlamaCpp.llama_sampler_init_min_p(p, minKeep);
        case Sampler.Typical(float p, int minKeep) -> LlamaCpp.llama_sampler_init_typical(p, minKeep);
        case Sampler.Temperature(float t) -> LlamaCpp.llama_sampler_init_temp(t < SMALLEST_TEMPERATURE ? 0 : t);
        case Sampler.DynamicTemperature(float t, float delta, float exponent) ->
            LlamaCpp.llama_sampler_init_temp_ext(t, delta, exponent);
        case Sampler.Xtc(float probability, float threshold, int minKeep) ->
            LlamaCpp.llama_sampler_init_xtc(probability, threshold, minKeep, seed);
        case Sampler.TopNSigma(float n) -> LlamaCpp.llama_sampler_init_top_n_sigma(n);
        case Sampler.Penalties p ->
            LlamaCpp.llama_sampler_init_penalties(
                model.vocabularySize(), p.lastN(), p.repeat(), p.frequency(), p.presence());
        case Sampler.Dry dry -> dry(dry);
        case Sampler.LogitBias(Map<Integer, Float> bias) -> logitBias(bias);
        case Sampler.NoEnd() -> throw new IllegalStateException("NoEnd must be resolved first.");
        case Sampler.BannedTexts(List<String> texts) -> bannedTexts(texts);
        case Sampler.Grammar(String gbnf, String root) -> grammar(gbnf, root);
        case Sampler.LazyGrammar lazy -> lazyGrammar(lazy);
        case Sampler.Infill() -> infill();
      };
    }

    /** Shows the last tokens of the prompt to a stage that penalises repetition; the grammar must not see them. */
    private void lookBack(MemorySegment sampler, int lastN) {
      for (int i = Math.max(0, prompt.length - lastN); i < prompt.length; i++) {
        LlamaCpp.llama_sampler_accept(sampler, prompt[i]);
      }
    }

    private MemorySegment dry(Sampler.Dry dry) {
      return LlamaCpp.llama_sampler_init_dry(
          model.vocabulary(),
          dry.multiplier(),
          dry.base(),
          dry.allowedLength(),
          dry.lastN(),
          texts("dry_sequence_breakers", dry.breakers()),
          dry.breakers().size());
    }

    private MemorySegment bannedTexts(List<String> texts) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_sampler_banned_texts(
              model.vocabulary(), texts("bad_words", texts), texts.size(), out, error.slot());
      return made("bad_words", status, out, error);
    }

    private MemorySegment logitBias(Map<Integer, Float> bias) {
      requireTokens(model, "logit_bias", "logit_bias or banned_tokens", bias.keySet());
      MemorySegment array = llama_logit_bias.allocateArray(bias.size(), arena);
      int i = 0;
      for (Map.Entry<Integer, Float> entry : bias.entrySet()) {
        MemorySegment element = llama_logit_bias.asSlice(array, i++);
        llama_logit_bias.token(element, entry.getKey());
        llama_logit_bias.bias(element, entry.getValue());
      }
      return LlamaCpp.llama_sampler_init_logit_bias(model.vocabularySize(), bias.size(), array);
    }

    private MemorySegment grammar(String gbnf, String root) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_sampler_grammar(
              model.vocabulary(),
              model.vocabularyIndex(),
              text("grammar", gbnf),
              text("grammar", root),
              out,
              error.slot());
      return compiled("grammar", status, out, error);
    }

    private MemorySegment lazyGrammar(Sampler.LazyGrammar lazy) {
      requireTokens(model, "grammar_triggers", lazy.triggerTokens());
      MemorySegment tokens = arena.allocate(JAVA_INT, Math.max(1, lazy.triggerTokens().size()));
      for (int i = 0; i < lazy.triggerTokens().size(); i++) {
        tokens.setAtIndex(JAVA_INT, i, lazy.triggerTokens().get(i));
      }
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_sampler_grammar_lazy(
              model.vocabulary(),
              model.vocabularyIndex(),
              text("grammar", lazy.gbnf()),
              text("grammar", lazy.root()),
              texts("grammar_triggers", lazy.triggerPatterns()),
              lazy.triggerPatterns().size(),
              tokens,
              lazy.triggerTokens().size(),
              out,
              error.slot());
      return compiled("grammar", status, out, error);
    }

    private static MemorySegment made(String parameter, int status, MemorySegment out, ErrorText error) {
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new InvalidRequestException(parameter, parameter + " was refused: " + error.take() + ".");
      }
      return out.get(ADDRESS, 0);
    }

    private static MemorySegment compiled(String parameter, int status, MemorySegment out, ErrorText error) {
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new InvalidRequestException(parameter, "The grammar of " + parameter + " was refused: " + error.take());
      }
      return out.get(ADDRESS, 0);
    }

    /** llama.cpp ends the process when it needs an end token here and the vocabulary has none. */
    private MemorySegment infill() {
      if (LlamaCpp.llama_vocab_eot(model.vocabulary()) < 0 && LlamaCpp.llama_vocab_eos(model.vocabulary()) < 0) {
        throw new InvalidRequestException(
            "samplers", "The infill sampler needs an end token, and this model's vocabulary has none.");
      }
      return LlamaCpp.llama_sampler_init_infill(model.vocabulary());
    }

    private MemorySegment texts(String parameter, List<String> texts) {
      List<MemorySegment> pointers = new ArrayList<>();
      for (String text : texts) {
        pointers.add(text(parameter, text));
      }
      MemorySegment array = arena.allocate(ADDRESS, Math.max(1, pointers.size()));
      for (int i = 0; i < pointers.size(); i++) {
        array.setAtIndex(ADDRESS, i, pointers.get(i));
      }
      return array;
    }

    /** A C string ends at its first NUL; a text with one would be cut silently. */
    private MemorySegment text(String parameter, String text) {
      if (text.indexOf('\0') >= 0) {
        throw new InvalidRequestException(parameter, parameter + " contains a NUL character.");
      }
      return arena.allocateFrom(text, StandardCharsets.UTF_8);
    }
  }
}
