package io.panallama.internal.llama;

import static io.panallama.error.InvalidRequestException.name;
import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_INT;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_logit_bias;
import io.panallama.error.InvalidRequestException;
import io.panallama.internal.decode.TokenSampler;
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
import org.jspecify.annotations.Nullable;

/**
 * A native {@code llama_sampler} chain. Built on any thread, then used by one thread at a time. Retains the model,
 * because some stages point to its vocabulary.
 */
public final class SamplerChain implements TokenSampler {
  /** Below this, logits overflow long before a second token has a chance; 0 is llama.cpp's "likeliest only". */
  private static final float SMALLEST_TEMPERATURE = 1e-5f;

  private final Owned owned;
  private final MemorySegment chain;
  private final int shortlist;
  private final boolean recursive;
  private final AnswerConstraint constraint;
  private final @Nullable CandidateBuffer candidates;
  private final boolean reportsLeft;

  private SamplerChain(
      Owned owned,
      MemorySegment chain,
      List<Sampler> stages,
      int late,
      AnswerConstraint constraint,
      GenerationOptions options) {
    LogitProcessing processing = options.processing().orElse(null);
    this.owned = owned;
    this.chain = chain;
    int seen = shortlist(stages, late, processing == null ? 1 : processing.maxCandidates());
    this.shortlist = seen;
    this.recursive = constraint.searchesText() || stages.stream().anyMatch(Sampler.LazyGrammar.class::isInstance);
    this.constraint = constraint;
    this.candidates = processing == null ? null : new CandidateBuffer(processing.maxCandidates());
    this.reportsLeft = options.logprobsAfterSampling();
  }

  /**
   * Builds the chain.
   *
   * @param prompt the tokens before the first sampled one, for the stages that look back
   * @throws InvalidRequestException if a grammar does not compile or a token id is not in the vocabulary
   */
  public static SamplerChain create(ModelHandle model, Sampling sampling, int[] prompt) {
    return create(model, sampling, prompt, AnswerConstraint.NONE, GenerationOptions.defaults());
  }

  /**
   * Builds the chain that follows a grammar.
   *
   * @param sampling used instead of the sampling in {@code options}
   * @param prompt the tokens before the first sampled one, for the stages that look back
   * @param options for the minimum number of tokens and the processor
   * @throws InvalidRequestException if a grammar does not compile or a token id is not in the vocabulary
   */
  public static SamplerChain create(
      ModelHandle model, Sampling sampling, int[] prompt, AnswerConstraint constraint, GenerationOptions options) {
    StopConditions stop = options.stop();
    requireTokens(model, "stop.tokens", stop.tokens());
    requireTokens(model, "sampling.bannedTokens", sampling.bannedTokens());
    requireCheapBiases(sampling.chain(), constraint);
    return Owned.build(owned -> {
      model.retain();
      owned.onClose(model::release);
      try (Arena arena = Arena.ofConfined();
          LogRouter.Capture log = LogRouter.capture()) {
        try {
          List<Sampler> stages = resolve(sampling.chain(), model);
          Set<Integer> never = sampling.chain().contains(new Sampler.NoEnd()) ? model.ends() : Set.of();
          Set<Integer> late = stop.minTokens() > 0 ? lateEnds(model, stop) : Set.of();
          MemorySegment chain = owned.add(emptyChain(arena), LlamaCpp::llama_sampler_free);
          Builder builder = new Builder(model, chain, arena, seed(sampling), prompt);
          builder.add(constraint);
          int gates = gates(stages);
          builder.add(stages.subList(0, gates));
          builder.addMinTokens(Integer.MAX_VALUE, never);
          builder.addMinTokens(stop.minTokens(), late);
          builder.add(stages.subList(gates, stages.size()));
          int lowered = never.size() + late.size();
          return new SamplerChain(owned, chain, stages, lowered, constraint, options);
        } catch (Throwable failure) {
          // A grammar that does not compile is the caller's mistake, and the exception carries what llama.cpp logged
          // about it.
          log.dismiss();
          throw failure;
        }
      }
    });
  }

  private static MemorySegment emptyChain(Arena arena) {
    MemorySegment out = arena.allocate(ADDRESS);
    ErrorText error = new ErrorText(arena);
    requireOk("sampling.chain", LlamaCpp.panallama_sampler_chain_new(out, error.slot()), error);
    return out.get(ADDRESS, 0);
  }

  /** The bridge rejects arguments with INVALID; anything else is not the caller's fault. */
  private static void requireOk(String parameter, int status, ErrorText error) {
    NativeInterruption.check(status, error);
    if (status == LlamaCpp.PANALLAMA_INVALID()) {
      throw new InvalidRequestException(parameter, name(parameter) + " was refused: " + error.take() + ".");
    }
    if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
      throw MemoryShortage.ofNative("the sampler " + parameter);
    }
    if (status != LlamaCpp.PANALLAMA_OK()) {
      throw new IllegalStateException("The sampler " + parameter + " failed: " + error.take());
    }
  }

  /**
   * Leaves out {@link Sampler.NoEnd}, which is a minimum number of tokens that no answer reaches, and adds what the model and the
   * cost of a stage require.
   */
  private static List<Sampler> resolve(List<Sampler> stages, ModelHandle model) {
    List<Sampler> resolved = new ArrayList<>();
    boolean few = false;
    for (Sampler stage : stages) {
      few |= stage instanceof Sampler.TopK(int k) && k <= Sampler.MAX_INFILL;
      if (stage instanceof Sampler.Infill && !few) {
        resolved.add(new Sampler.TopK(Sampler.MAX_INFILL));
      }
      if (!(stage instanceof Sampler.NoEnd)) {
        resolved.add(stage);
      }
    }
    Sampler.LogitBias suppressed = model.suppressed();
    if (!suppressed.bias().isEmpty()) {
      resolved.add(gates(stages), suppressed);
    }
    return resolved;
  }

  /** Refuses large biases where llama.cpp compares each with each candidate, because tokens are missing or not in order. */
  private static void requireCheapBiases(List<Sampler> stages, AnswerConstraint constraint) {
    boolean first = !constraint.hasGrammar();
    for (Sampler stage : stages) {
      if (stage instanceof Sampler.LogitBias(Map<Integer, Float> bias)) {
        if (!first && bias.size() > Sampler.MAX_SEARCHED_BIASES) {
          throw new InvalidRequestException(
              "sampling.logitBias",
              name("sampling.logitBias")
                  + " and "
                  + name("sampling.bannedTokens")
                  + " name "
                  + bias.size()
                  + " tokens; at most "
                  + Sampler.MAX_SEARCHED_BIASES
                  + " are allowed together with a grammar, a response format, tools or banned texts.");
        }
      } else {
        first = false;
      }
    }
  }

  /** The number of leading stages that only check the chosen token, instead of looking at all tokens. */
  private static int gates(List<Sampler> stages) {
    int count = 0;
    while (stages.get(count) instanceof Sampler.Grammar
        || stages.get(count) instanceof Sampler.LazyGrammar
        || stages.get(count) instanceof Sampler.BannedTexts) {
      count++;
    }
    return count;
  }

  private static Set<Integer> lateEnds(ModelHandle model, StopConditions stop) {
    Set<Integer> ends = new HashSet<>(model.ends());
    ends.addAll(stop.tokens());
    return ends;
  }

  private static void requireTokens(ModelHandle model, String parameter, Collection<Integer> tokens) {
    for (int token : tokens) {
      if (token < 0 || token >= model.vocabularySize()) {
        throw new InvalidRequestException(
            parameter,
            name(parameter)
                + " names token "
                + token
                + "; ids are 0 to "
                + (model.vocabularySize() - 1)
                + " in this model.");
      }
    }
  }

  private static int seed(Sampling sampling) {
    return sampling.seed() == Sampling.RANDOM_SEED ? ThreadLocalRandom.current().nextInt() : (int) sampling.seed();
  }

  /**
   * How many of the likeliest tokens a chain needs to see; 0 for all. The gates in front are consulted afterwards. A
   * token whose logit is reached by {@code k + m} others can't be among the k likeliest after stages that lower at most
   * {@code m} tokens, raise none and otherwise keep the order.
   *
   * @see io.panallama.bindings.generated.panallama_sample
   */
  static int shortlist(List<Sampler> chain) {
    return shortlist(chain, 0, 1);
  }

  /**
   * @param late number of tokens that are forbidden at first
   * @param wanted number of tokens that a choice of the likeliest needs to see
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

  /** Whether the log-probabilities to report are of the tokens that the chain has left, instead of the raw logits. */
  boolean reportsLeft() {
    return reportsLeft;
  }

  /** The buffer for its candidates between sampling and choosing. */
  CandidateBuffer candidates() {
    if (candidates == null) {
      throw new IllegalStateException("a sampler without a processor");
    }
    return candidates;
  }

  /**
   * Whether it may need more stack than ggml's threads have: until a lazy grammar is triggered, llama.cpp searches the
   * whole answer with std::regex, which recurses for every character.
   */
  boolean isRecursive() {
    return recursive;
  }

  @Override
  public byte @Nullable [] visibleControlToken(int token) {
    return constraint.visibleControlTokens().get(token);
  }

  @Override
  public int longestVisibleControlToken() {
    return constraint.longestVisibleControlToken();
  }

  @Override
  public void replay(int[] tokens) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment array = arena.allocate(JAVA_INT, Math.max(1, tokens.length));
      MemorySegment.copy(tokens, 0, array, JAVA_INT, 0, tokens.length);
      ErrorText error = new ErrorText(arena);
      requireOk("sampling.chain", LlamaCpp.panallama_sampler_replay(chain, array, tokens.length, error.slot()), error);
    }
  }

  @Override
  public void close() {
    owned.close();
  }

  /** Adds native stages one by one. Every call that allocates goes through the bridge, which catches exceptions. */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  private record Builder(ModelHandle model, MemorySegment chain, Arena arena, int seed, int[] prompt) {
    /**
     * Creates a sampler with a function of the bridge, into its {@code out} and {@code error}, and returns its status.
     */
    private interface Maker {
      int make(MemorySegment out, MemorySegment error);
    }

    void add(AnswerConstraint constraint) {
      String description = constraint.description();
      if (description != null) {
        constraint.requireNoNul();
        MemorySegment text = text(constraint.parameter(), description);
        append(
            compiled(
                constraint.parameter(),
                (out, error) ->
                    LlamaCpp.panallama_sampler_constraint(
                        model.vocabulary(), model.vocabularyIndex(), text, out, error)));
      }
    }

    void add(List<Sampler> stages) {
      for (Sampler stage : stages) {
        MemorySegment sampler = create(stage);
        append(sampler);
        if (stage instanceof Sampler.Penalties penalties) {
          lookBack(sampler, penalties.lastN());
        } else if (stage instanceof Sampler.Dry dry) {
          lookBack(sampler, dry.lastN());
        }
      }
    }

    /** Adds nothing if there is no minimum number of tokens. */
    void addMinTokens(int minTokens, Set<Integer> ends) {
      if (ends.isEmpty()) {
        return;
      }
      MemorySegment tokens = arena.allocateFrom(JAVA_INT, ends.stream().mapToInt(Integer::intValue).toArray());
      append(
          made(
              "minTokens",
              (out, error) -> LlamaCpp.panallama_sampler_min_tokens(minTokens, tokens, ends.size(), out, error)));
    }

    private MemorySegment create(Sampler stage) {
      return switch (stage) {
        case Sampler.Greedy() -> made("greedy", LlamaCpp::panallama_sampler_greedy);
        case Sampler.Dist() -> made("sampling.seed", (out, error) -> LlamaCpp.panallama_sampler_dist(seed, out, error));
        case Sampler.Mirostat(float tau, float eta, int m) ->
            made(
                "sampling.mirostat",
                (out, error) ->
                    LlamaCpp.panallama_sampler_mirostat(model.vocabularySize(), seed, tau, eta, m, out, error));
        case Sampler.MirostatV2(float tau, float eta) ->
            made(
                "sampling.mirostat",
                (out, error) -> LlamaCpp.panallama_sampler_mirostat_v2(seed, tau, eta, out, error));
        case Sampler.AdaptiveP(float target, float decay) ->
            made(
                "sampling.adaptiveP",
                (out, error) -> LlamaCpp.panallama_sampler_adaptive_p(target, decay, seed, out, error));
        case Sampler.TopK(int k) ->
            made("sampling.topK", (out, error) -> LlamaCpp.panallama_sampler_top_k(k, out, error));
        case Sampler.TopP(float p, int minKeep) ->
            made("sampling.topP", (out, error) -> LlamaCpp.panallama_sampler_top_p(p, minKeep, out, error));
        case Sampler.MinP(float p, int minKeep) ->
            made("sampling.minP", (out, error) -> LlamaCpp.panallama_sampler_min_p(p, minKeep, out, error));
        case Sampler.Typical(float p, int minKeep) ->
            made("sampling.typicalP", (out, error) -> LlamaCpp.panallama_sampler_typical(p, minKeep, out, error));
        case Sampler.Temperature(float t) ->
            made(
                "sampling.temperature",
                (out, error) -> LlamaCpp.panallama_sampler_temp(t < SMALLEST_TEMPERATURE ? 0 : t, out, error));
        case Sampler.DynamicTemperature(float t, float delta, float exponent) ->
            made(
                "sampling.temperature",
                (out, error) -> LlamaCpp.panallama_sampler_temp_ext(t, delta, exponent, out, error));
        case Sampler.Xtc(float probability, float threshold, int minKeep) ->
            made(
                "sampling.xtc.probability",
                (out, error) -> LlamaCpp.panallama_sampler_xtc(probability, threshold, minKeep, seed, out, error));
        case Sampler.TopNSigma(float n) ->
            made("sampling.topNSigma", (out, error) -> LlamaCpp.panallama_sampler_top_n_sigma(n, out, error));
        case Sampler.Penalties p ->
            made(
                "sampling.repeatPenalty",
                (out, error) ->
                    LlamaCpp.panallama_sampler_penalties(
                        model.vocabularySize(), p.lastN(), p.repeat(), p.frequency(), p.presence(), out, error));
        case Sampler.Dry dry -> dry(dry);
        case Sampler.LogitBias(Map<Integer, Float> bias) -> logitBias(bias);
        case Sampler.NoEnd() -> throw new IllegalStateException("NoEnd is no stage of llama.cpp.");
        case Sampler.BannedTexts(List<String> texts) -> bannedTexts(texts);
        case Sampler.Grammar(String gbnf, String root) -> grammar(gbnf, root);
        case Sampler.LazyGrammar lazy -> lazyGrammar(lazy);
        case Sampler.Infill() ->
            made("sampling.chain", (out, error) -> LlamaCpp.panallama_sampler_infill(model.vocabulary(), out, error));
      };
    }

    /** Transfers ownership of the sampler to the chain. */
    private void append(MemorySegment sampler) {
      ErrorText error = new ErrorText(arena);
      requireOk("sampling.chain", LlamaCpp.panallama_sampler_chain_add(chain, sampler, error.slot()), error);
    }

    /** Feeds the last tokens of the prompt to a stage that penalises repetition; the grammar must not see them. */
    private void lookBack(MemorySegment sampler, int lastN) {
      int count = Math.min(lastN, prompt.length);
      MemorySegment tokens = arena.allocate(JAVA_INT, Math.max(1, count));
      MemorySegment.copy(prompt, prompt.length - count, tokens, JAVA_INT, 0, count);
      ErrorText error = new ErrorText(arena);
      requireOk("sampling.chain", LlamaCpp.panallama_sampler_accept(sampler, tokens, count, error.slot()), error);
    }

    private MemorySegment dry(Sampler.Dry dry) {
      MemorySegment breakers = texts("sampling.dry.breakers", dry.breakers());
      return made(
          "sampling.dry.multiplier",
          (out, error) ->
              LlamaCpp.panallama_sampler_dry(
                  model.vocabulary(),
                  dry.multiplier(),
                  dry.base(),
                  dry.allowedLength(),
                  dry.lastN(),
                  breakers,
                  dry.breakers().size(),
                  out,
                  error));
    }

    private MemorySegment bannedTexts(List<String> texts) {
      MemorySegment array = texts("sampling.bannedTexts", texts);
      return made(
          "sampling.bannedTexts",
          (out, error) -> LlamaCpp.panallama_sampler_banned_texts(model.vocabulary(), array, texts.size(), out, error));
    }

    private MemorySegment logitBias(Map<Integer, Float> bias) {
      requireTokens(model, "sampling.logitBias", bias.keySet());
      MemorySegment array = llama_logit_bias.allocateArray(bias.size(), arena);
      int i = 0;
      for (Map.Entry<Integer, Float> entry : bias.entrySet()) {
        MemorySegment element = llama_logit_bias.asSlice(array, i++);
        llama_logit_bias.token(element, entry.getKey());
        llama_logit_bias.bias(element, entry.getValue());
      }
      return made(
          "sampling.logitBias",
          (out, error) ->
              LlamaCpp.panallama_sampler_logit_bias(model.vocabularySize(), bias.size(), array, out, error));
    }

    private MemorySegment grammar(String gbnf, String root) {
      MemorySegment grammarText = text("sampling.grammar", gbnf);
      MemorySegment rootText = text("sampling.grammar", root);
      return compiled(
          "sampling.grammar",
          (out, error) ->
              LlamaCpp.panallama_sampler_grammar(
                  model.vocabulary(), model.vocabularyIndex(), grammarText, rootText, out, error));
    }

    private MemorySegment lazyGrammar(Sampler.LazyGrammar lazy) {
      requireTokens(model, "sampling.grammar.triggers", lazy.triggerTokens());
      MemorySegment tokens = arena.allocate(JAVA_INT, Math.max(1, lazy.triggerTokens().size()));
      for (int i = 0; i < lazy.triggerTokens().size(); i++) {
        tokens.setAtIndex(JAVA_INT, i, lazy.triggerTokens().get(i));
      }
      MemorySegment grammarText = text("sampling.grammar", lazy.gbnf());
      MemorySegment rootText = text("sampling.grammar", lazy.root());
      MemorySegment patterns = texts("sampling.grammar.triggers", lazy.triggerPatterns());
      return compiled(
          "sampling.grammar",
          (out, error) ->
              LlamaCpp.panallama_sampler_grammar_lazy(
                  model.vocabulary(),
                  model.vocabularyIndex(),
                  grammarText,
                  rootText,
                  patterns,
                  lazy.triggerPatterns().size(),
                  tokens,
                  lazy.triggerTokens().size(),
                  out,
                  error));
    }

    private MemorySegment made(String parameter, Maker maker) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      requireOk(parameter, maker.make(out, error.slot()), error);
      return out.get(ADDRESS, 0);
    }

    /** Like {@link #made}, but a compile error is the request's fault, however llama.cpp reports it. */
    private MemorySegment compiled(String parameter, Maker maker) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status = maker.make(out, error.slot());
      NativeInterruption.check(status, error);
      if (status == LlamaCpp.PANALLAMA_INVALID() || status == LlamaCpp.PANALLAMA_FAILED()) {
        throw new InvalidRequestException(
            parameter, grammar(parameter) + " was refused: " + explained(parameter, error.take()));
      }
      requireOk(parameter, status, error);
      return out.get(ADDRESS, 0);
    }

    private static String grammar(String parameter) {
      return parameter.equals("sampling.grammar") ? name(parameter) : "The grammar of " + name(parameter);
    }

    /** The bridge's reason, in words for those who sent a schema or tools and have never seen the grammar. */
    private static String explained(String parameter, String reason) {
      // llama.cpp quotes the rest of the text, which may be empty.
      String whole = reason.replaceFirst(" at\\s*$", " at the end of the line");
      boolean made = !parameter.equals("sampling.grammar");
      // The bridge cuts this sentence off, and it advises to reduce what the grammar's author can't see.
      whole =
          whole.replaceFirst(
              "number of (?:rules|repetitions)\\b[^:]*$",
              "it repeats something more than 2000 times, counting what is repeated inside of it; use smaller numbers");
      // The names of the C++ functions in which llama.cpp reads the numbers of repetitions and of tokens.
      whole =
          whole
              .replaceFirst(": stoull$", ": it repeats something more than 2000 times; use a smaller number")
              .replaceFirst(": stoul$", ": it names a token by a number that has too many digits");
      return made && whole.startsWith("the grammar is larger than")
          ? whole + "; it is made from the schemas, and may be many times as large: use smaller ones"
          : whole;
    }

    private MemorySegment texts(String parameter, List<String> texts) {
      List<MemorySegment> pointers = new ArrayList<>();
      for (int i = 0; i < texts.size(); i++) {
        pointers.add(text(parameter + "[" + i + "]", texts.get(i)));
      }
      MemorySegment array = arena.allocate(ADDRESS, Math.max(1, pointers.size()));
      for (int i = 0; i < pointers.size(); i++) {
        array.setAtIndex(ADDRESS, i, pointers.get(i));
      }
      return array;
    }

    /** A C string ends at its first NUL; a text that contains one would be silently truncated. */
    private MemorySegment text(String parameter, String text) {
      if (text.indexOf('\0') >= 0) {
        throw new InvalidRequestException(parameter, name(parameter) + " contains a NUL character.");
      }
      return arena.allocateFrom(text, StandardCharsets.UTF_8);
    }
  }
}
