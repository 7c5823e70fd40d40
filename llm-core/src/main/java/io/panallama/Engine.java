package io.panallama;

import io.panallama.chat.ReasoningBudget;
import io.panallama.chat.ToolChoice;
import io.panallama.config.EngineConfig;
import io.panallama.error.Checks;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationGroup;
import io.panallama.internal.engine.EngineLoop;
import io.panallama.internal.engine.EngineSettings;
import io.panallama.internal.engine.Places;
import io.panallama.internal.engine.RefusedImageException;
import io.panallama.internal.engine.SequenceListener;
import io.panallama.internal.llama.AnswerConstraint;
import io.panallama.internal.llama.ChatParserHandle;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.internal.llama.SamplerChain;
import io.panallama.internal.llama.SchemaConverter;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.internal.request.InfillPrompt;
import io.panallama.internal.schema.SchemaCheck;
import io.panallama.internal.stream.ChatGeneration;
import io.panallama.internal.stream.FlushedGeneration;
import io.panallama.observe.EngineStats;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.InfillRequest;
import io.panallama.request.Prompt;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicInteger;
import org.jspecify.annotations.Nullable;

/**
 * Generates for many at once on one loaded model: one llama.cpp context, one platform thread that decodes and samples
 * for all of them together.
 *
 * <p>Lifetime: from {@link #start} to {@link #close}, which ends every generation with {@link
 * GenerationException.Reason#ENGINE_CLOSED} and waits for the thread. The model may be closed before; its weights stay
 * until the engine is closed.
 *
 * <p>Safe for any thread. {@link #generate} renders and tokenizes on the calling thread and then only queues.
 */
public final class Engine implements Generator, AutoCloseable {
  private static final int[] NOTHING = {};
  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Model model;
  private final EngineConfig config;
  private final EngineLoop loop;

  private Engine(Model model, EngineConfig config, EngineLoop loop) {
    this.model = model;
    this.config = config;
    this.loop = loop;
  }

  /** Starts with {@link EngineConfig#defaults()}. */
  public static Engine start(Model model) {
    return start(model, EngineConfig.defaults());
  }

  /**
   * Starts an engine.
   *
   * @throws EngineStartException if the model can't generate, the memory does not suffice, or llama.cpp refuses
   * @throws IllegalStateException if the model is closed
   */
  public static Engine start(Model model, EngineConfig config) {
    ModelHandle handle = model.handle();
    handle.retain();
    try {
      requireDecoder(model);
      EngineConfig chosen = EngineDefaults.resolve(config, model);
      EngineDefaults.requireMemory(model, chosen);
      EngineSettings settings =
          new EngineSettings(
              "panallama-engine-" + NUMBER.incrementAndGet(),
              chosen.slots(),
              chosen.queueLimit(),
              chosen.mailboxCapacity(),
              chosen.itlTarget(),
              chosen.spill());
      EngineLoop loop =
          EngineLoop.start(settings, model.vocabulary().pieces(), () -> NativeDecoder.create(handle, chosen));
      return new Engine(model, chosen, loop);
    } finally {
      handle.release();
    }
  }

  private static void requireDecoder(Model model) {
    if (!model.hasWeights()) {
      throw new EngineStartException(
          Reason.VOCABULARY_ONLY, model.path() + " was loaded without its weights; it can't generate.", null);
    }
    if (!model.isTextDecoder()) {
      throw new EngineStartException(
          Reason.NOT_A_DECODER,
          model.path() + " is a " + model.architecture() + " model, which does not generate text from text alone.",
          null);
    }
  }

  /** A new, empty session. It costs the engine nothing until it generates. */
  public Session openSession() {
    return new Session(this);
  }

  /**
   * A session that begins with these tokens, which somebody kept: nothing is computed until it generates, and then only what
   * the engine does not have in the KV cache, in memory or on disk.
   *
   * @throws InvalidRequestException if an id is not in the vocabulary
   */
  public Session openSession(int[] tokens) {
    requireTokens(tokens, "session");
    return new Session(this, tokens.clone());
  }

  /**
   * Opens a session that {@link Session#save} wrote. Its KV state is taken in as what a generation leaves behind is: for as
   * long as there is room.
   *
   * <p>The file is checked against damage and for its origin, but not against forgery: restore none that you would not load
   * as a model either.
   *
   * @throws SessionFileException if the file can't be read, is damaged, or is of another model, other types of the KV cache or
   *     another version of llama.cpp
   * @throws IllegalStateException if the engine is closed
   */
  public Session restoreSession(Path file) {
    try {
      int[] tokens = loop.restore(file);
      requireTokens(tokens, "session");
      return new Session(this, tokens);
    } catch (RefusedImageException refused) {
      SessionFileException.Reason reason =
          switch (refused.reason()) {
            case NOT_AN_IMAGE, VERSION -> SessionFileException.Reason.NOT_A_SESSION;
            case LENGTH, CHECKSUM -> SessionFileException.Reason.DAMAGED;
            case FOREIGN -> SessionFileException.Reason.FOREIGN;
          };
      throw new SessionFileException(
          reason, file, "The session can't be restored: " + refused.getMessage() + ".", refused);
    } catch (IOException failure) {
      throw new SessionFileException(
          SessionFileException.Reason.IO,
          file,
          "The session can't be read from " + file + ": " + failure + ".",
          failure);
    }
  }

  void saveSession(int[] tokens, Path file) {
    if (tokens.length == 0 || tokens.length > loop.sequenceContextSize()) {
      throw new InvalidRequestException(
          "session",
          "The session has "
              + tokens.length
              + " tokens; 1 to "
              + loop.sequenceContextSize()
              + " can be saved with this engine.");
    }
    try {
      loop.save(tokens, file);
    } catch (IOException failure) {
      throw new SessionFileException(
          SessionFileException.Reason.IO,
          file,
          "The session can't be written to " + file + ": " + failure + ".",
          failure);
    }
  }

  @Override
  public Generation generate(GenerationRequest request) {
    return generate(request, NOTHING, null);
  }

  @Override
  public String render(ChatRequest request) {
    return model.render(request);
  }

  @Override
  public byte[] tokenBytes(int token) {
    return model.vocabulary().piece(token);
  }

  /** The request is rendered and tokenized once; places for all are taken together. */
  @Override
  public GenerationGroup generateAll(GenerationRequest request, int n) {
    int most = Math.min(GenerationGroup.MAX_SIZE, config.slots() + config.queueLimit());
    Checks.inRange("n", n, 1, most);
    loop.requirePlace();
    Prepared prepared = prepare(request, NOTHING);
    try (Places places = loop.reserve(n)) {
      return GenerationGroup.start(
          n, choice -> start(prepared.with(request.forChoice(choice).options()), null, places));
    }
  }

  /**
   * @param before what a completion's prompt is appended to
   * @param listener is told of the end, if this does not throw
   */
  Generation generate(GenerationRequest request, int[] before, @Nullable SequenceListener listener) {
    loop.requirePlace();
    return start(prepare(request, before), listener, null);
  }

  /**
   * A request as the engine wants it.
   *
   * @param parser reads the answer; null if its text is its content
   */
  @SuppressWarnings("ArrayRecordComponent") // internal, never compared
  private record Prepared(
      int[] prompt,
      GenerationOptions options,
      List<String> stops,
      AnswerConstraint constraint,
      @Nullable String parser) {
    Prepared with(GenerationOptions newOptions) {
      return new Prepared(prompt.clone(), newOptions, stops, constraint, parser);
    }
  }

  private Prepared prepare(GenerationRequest request, int[] before) {
    return switch (request) {
      case ChatRequest chat -> prepare(chat);
      case CompletionRequest completion ->
          plain(join(before, tokens(completion.prompt(), before.length == 0)), completion.options());
      case InfillRequest infill ->
          plain(
              InfillPrompt.tokens(infill, model.handle(), model.vocabulary().facts(), loop.sequenceContextSize()),
              infill.options());
    };
  }

  private static Prepared plain(int[] prompt, GenerationOptions options) {
    return new Prepared(prompt, options, options.stops(), answer(options), null);
  }

  private Prepared prepare(ChatRequest request) {
    ChatTemplate.Rendered rendered = model.template().render(request);
    int[] prompt = model.tokenizer().tokenizePrompt(rendered.promptBytes(), rendered.literals());
    List<String> stops = new ArrayList<>(request.options().stops());
    stops.addAll(rendered.stops());
    return new Prepared(prompt, request.options(), stops, constraint(request, rendered), rendered.parser());
  }

  private Generation start(Prepared request, @Nullable SequenceListener listener, @Nullable Places places) {
    return FlushedGeneration.of(startNow(request, listener, places), request.options().flush());
  }

  private Generation startNow(Prepared request, @Nullable SequenceListener listener, @Nullable Places places) {
    if (request.parser() == null) {
      return submit(request, listener, places);
    }
    ChatParserHandle parser = ChatParserHandle.create(request.parser());
    try {
      return new ChatGeneration(submit(request, listener, places), parser);
    } catch (Throwable refused) {
      parser.close();
      throw refused;
    }
  }

  /** Some templates have no form for tool calls, and llama.cpp then gives no grammar, whatever was asked for. */
  private static void requireEnforced(ChatRequest request, ChatTemplate.Rendered rendered) {
    if (rendered.constraint() != null) {
      return;
    }
    ToolChoice choice = request.tools().choice();
    if (choice instanceof ToolChoice.Required || choice instanceof ToolChoice.Named) {
      throw new InvalidRequestException(
          "tool_choice", "tool_choice can't be kept: this model's chat template has no form for calling tools.");
    }
    ResponseFormat format = request.options().format();
    if (format instanceof ResponseFormat.JsonObject || format instanceof ResponseFormat.JsonSchema) {
      throw new InvalidRequestException(
          "response_format", "response_format can't be enforced with this model's chat template.");
    }
  }

  private AnswerConstraint constraint(ChatRequest request, ChatTemplate.Rendered rendered) {
    requireEnforced(request, rendered);
    Map<Integer, byte[]> spoken = new HashMap<>();
    for (String text : rendered.preserved()) {
      int[] tokens = model.tokenizer().tokenize(text, false, true);
      if (tokens.length == 1) {
        spoken.put(tokens[0], text.getBytes(StandardCharsets.UTF_8));
      }
    }
    String parameter = request.tools().callable() ? "tools" : "response_format";
    String grammar = rendered.constraint();
    ReasoningBudget budget = request.template().budget();
    String description = budget == null ? grammar : limited(grammar, rendered.thinking(), budget);
    return new AnswerConstraint(parameter, description, grammar != null, rendered.searchesText(), spoken);
  }

  private static String limited(@Nullable String grammar, @Nullable String thinking, ReasoningBudget budget) {
    if (thinking == null) {
      throw new InvalidRequestException(
          "reasoning_budget_tokens",
          "reasoning_budget_tokens needs a chat template with tags around the thinking; this model's has none.");
    }
    return AnswerConstraint.withBudget(grammar, thinking, budget);
  }

  /** What a completion's answer is held to. A JSON schema becomes a grammar by itself, without a template. */
  private static AnswerConstraint answer(GenerationOptions options) {
    String grammar =
        switch (options.format()) {
          case ResponseFormat.Text _, ResponseFormat.Gbnf _ -> null;
          case ResponseFormat.JsonObject() -> SchemaConverter.grammar("response_format", "{\"type\": \"object\"}");
          case ResponseFormat.JsonSchema(String schema, boolean strict) ->
              SchemaConverter.grammar(
                  "response_format", SchemaCheck.check("response_format", schema, strict, "r").toString());
        };
    return grammar == null ? AnswerConstraint.NONE : AnswerConstraint.ofGrammar("response_format", grammar);
  }

  private Generation submit(Prepared request, @Nullable SequenceListener listener, @Nullable Places places) {
    int[] prompt = request.prompt();
    if (prompt.length == 0) {
      throw new InvalidRequestException("prompt", "The prompt has no tokens; at least one is needed.");
    }
    loop.requireRoom(prompt.length, request.options().overflow());
    GenerationOptions options = request.options();
    AnswerConstraint constraint = request.constraint();
    SamplerChain sampler =
        SamplerChain.create(model.handle(), sampling(options, constraint), prompt, constraint, options);
    try {
      return loop.submit(prompt, options, request.stops(), sampler, listener, places);
    } catch (Throwable refused) {
      sampler.close();
      throw refused;
    }
  }

  /** The sampling with the grammar of the response format in front; two grammars contradict each other. */
  private static Sampling sampling(GenerationOptions options, AnswerConstraint constraint) {
    Sampling sampling = options.sampling();
    ResponseFormat.Gbnf gbnf = options.format() instanceof ResponseFormat.Gbnf given ? given : null;
    if (gbnf == null && !constraint.hasGrammar()) {
      return sampling;
    }
    boolean another =
        sampling.chain().stream()
            .anyMatch(stage -> stage instanceof Sampler.Grammar || stage instanceof Sampler.LazyGrammar);
    if (another) {
      throw new InvalidRequestException(
          "grammar",
          "grammar can't be combined with " + constraint.parameter() + ", which brings a grammar of its own.");
    }
    if (gbnf == null) {
      return sampling;
    }
    List<Sampler> chain = new ArrayList<>();
    chain.add(new Sampler.Grammar(gbnf.grammar(), gbnf.root()));
    chain.addAll(sampling.chain());
    return new Sampling(chain, sampling.seed());
  }

  private static int[] join(int[] one, int[] two) {
    int[] joined = Arrays.copyOf(one, one.length + two.length);
    System.arraycopy(two, 0, joined, one.length, two.length);
    return joined;
  }

  private int[] tokens(Prompt prompt, boolean beginning) {
    return switch (prompt) {
      case Prompt.Text text -> model.tokenizer().tokenize(text.text(), beginning, text.parseSpecial());
      case Prompt.Tokens given -> {
        int[] tokens = given.tokens();
        requireTokens(tokens, "prompt");
        yield tokens;
      }
    };
  }

  private void requireTokens(int[] tokens, String where) {
    for (int i = 0; i < tokens.length; i++) {
      if (tokens[i] < 0 || tokens[i] >= model.vocabulary().size()) {
        throw new InvalidRequestException(
            where + "[" + i + "]",
            "Token " + tokens[i] + " is not in the vocabulary; ids are 0 to " + (model.vocabulary().size() - 1) + ".");
      }
    }
  }

  /** What was asked for, with every {@link EngineConfig#AUTO} replaced by what was chosen. */
  public EngineConfig config() {
    return config;
  }

  /** The most tokens of one generation, prompt and answer together. */
  public int sequenceContextSize() {
    return loop.sequenceContextSize();
  }

  public EngineStats stats() {
    return loop.stats();
  }

  public Model model() {
    return model;
  }

  /** Ends every generation and frees the context. Repeating it is harmless. */
  @Override
  public void close() {
    loop.close();
  }
}
