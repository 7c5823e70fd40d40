package io.panallama;

import io.panallama.chat.ChatMessage;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.SessionFileException;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationGroup;
import io.panallama.internal.cache.ImageKey;
import io.panallama.internal.cache.RefusedImageException;
import io.panallama.internal.cache.UnusableKeyException;
import io.panallama.internal.decode.Lineage;
import io.panallama.internal.engine.EngineFront;
import io.panallama.internal.engine.EngineSettings;
import io.panallama.internal.engine.GroupSize;
import io.panallama.internal.engine.Replay;
import io.panallama.internal.engine.SequenceListener;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.flight.MemoryFlight;
import io.panallama.internal.llama.ChatParserHandle;
import io.panallama.internal.llama.EngineDefaults;
import io.panallama.internal.llama.MemoryShortage;
import io.panallama.internal.llama.NativeDecoder;
import io.panallama.internal.llama.Processors;
import io.panallama.internal.llama.SystemMemory;
import io.panallama.internal.prepare.Preparation;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.prepare.TaskSource;
import io.panallama.internal.request.CompiledRequest;
import io.panallama.internal.request.LoadedModel;
import io.panallama.internal.request.PreparedGroup;
import io.panallama.internal.request.PreparedRequest;
import io.panallama.internal.request.RequestCompiler;
import io.panallama.internal.request.RequestSize;
import io.panallama.internal.schedule.Applicant;
import io.panallama.internal.schedule.Reservation;
import io.panallama.internal.stream.ChatGeneration;
import io.panallama.internal.stream.ChatParser;
import io.panallama.internal.stream.EngineGeneration;
import io.panallama.internal.stream.FlushedGeneration;
import io.panallama.internal.stream.SingleCallGeneration;
import io.panallama.observe.ActiveGeneration;
import io.panallama.observe.Device;
import io.panallama.observe.EngineState;
import io.panallama.observe.EngineStats;
import io.panallama.observe.MemoryUse;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.platform.FileTrouble;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import java.io.IOException;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/** An engine in this process: one llama.cpp context and one platform thread that decodes and samples for all. */
final class LocalEngine extends Engine {
  private static final int[] NOTHING = {};

  /** How many requests may wait to be prepared at least, however short the queue of generations is. */
  private static final int LEAST_WAITING = 64;

  private static final AtomicInteger NUMBER = new AtomicInteger();

  private final Model model;
  private final EngineConfig config;
  private final EngineFront front;
  private final boolean ownsModel;
  private final String name;
  private final List<MemoryUse> memory;
  private final PromptTooLongException.Limit contextLimit;
  private final RequestCompiler compiler;
  private final PreparationPool preparations;
  private final AtomicBoolean closed = new AtomicBoolean();

  private LocalEngine(
      Model model, EngineConfig config, EngineFront front, boolean ownsModel, String name, List<MemoryUse> memory) {
    this.name = name;
    this.model = model;
    this.config = config;
    this.front = front;
    this.ownsModel = ownsModel;
    this.memory = memory;
    this.contextLimit = contextLimit(model, config, front.sequenceContextSize());
    this.compiler = new RequestCompiler(model.loaded(), front.sequenceContextSize(), contextLimit);
    this.preparations =
        LoadedModel.preparations(
            "engine", Math.max(LEAST_WAITING, config.slots() + config.queueLimit()), EngineClosedException::new);
  }

  private static PromptTooLongException.Limit contextLimit(Model model, EngineConfig config, int sequenceContextSize) {
    int trained = config.rope().contextSize(model.trainedContextSize());
    if (trained > 0 && sequenceContextSize >= trained) {
      return PromptTooLongException.Limit.MODEL;
    }
    return sequenceContextSize < config.contextSize()
        ? PromptTooLongException.Limit.SHARE
        : PromptTooLongException.Limit.CONTEXT;
  }

  /** Starts an engine on a model that its caller closes. */
  static LocalEngine start(Model model, EngineConfig config, StepObserver observer) {
    Processors.require(config.placement().processors());
    return start(model, config, observer, false);
  }

  /** Starts an engine on a model that it closes itself. */
  static LocalEngine load(Path file, ModelConfig modelConfig, EngineConfig config, StepObserver observer) {
    Processors.require(config.placement().processors());
    Model model = Model.load(file, modelConfig);
    try {
      return start(model, config, observer, true);
    } catch (Throwable failure) {
      model.close();
      throw failure;
    }
  }

  private static LocalEngine start(Model model, EngineConfig config, StepObserver observer, boolean ownsModel) {
    if (model.isClosed()) {
      throw new IllegalStateException("The model is closed.");
    }
    LoadedModel loaded = model.loaded();
    loaded.retain();
    try {
      requireDecoder(model);
      EngineDefaults.Fitted fitted =
          EngineDefaults.fit(
              loaded.handle(),
              loaded.metadata(),
              loaded.config(),
              config,
              EngineDefaults.resolve(config, model.sizeBytes(), model.trainedContextSize()),
              model.trainedContextSize(),
              SystemMemory.availableBytes());
      EngineConfig chosen = fitted.config();
      EngineSettings settings =
          new EngineSettings(
              "panallama-engine-" + NUMBER.incrementAndGet(),
              chosen.slots(),
              chosen.queueLimit(),
              chosen.queueTokenLimit(),
              chosen.mailboxCapacity(),
              chosen.itlTarget(),
              chosen.ttftTarget(),
              chosen.spill(),
              ImageKey.of(chosen.sessionKey()),
              loaded.handle()::fileChange,
              observer);
      MemoryFlight flight = MemoryFlight.begin();
      EngineFront front =
          EngineFront.start(settings, loaded.pieces(), () -> NativeDecoder.create(loaded.handle(), chosen));
      LocalEngine engine = new LocalEngine(model, chosen, front, ownsModel, settings.name(), fitted.memory());
      MemoryFlight.allocated(flight, engine.name, engine.memory);
      return engine;
    } catch (Throwable failure) {
      loaded.release();
      throw failure;
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

  // ---- sessions ----

  @Override
  public Session openSession(List<ChatMessage> messages) {
    return new Session(this, NOTHING, messages);
  }

  @Override
  public Session openSession(int[] tokens) {
    compiler.requireTokens(tokens, "session");
    return new Session(this, tokens.clone(), List.of());
  }

  @Override
  public Session restoreSession(Path file, List<ChatMessage> messages) {
    try {
      int[] tokens = front.restore(file);
      compiler.requireTokens(tokens, "session");
      return new Session(this, tokens, messages);
    } catch (RefusedImageException refused) {
      SessionFileException.Reason reason =
          switch (refused.reason()) {
            case NOT_AN_IMAGE, VERSION -> SessionFileException.Reason.NOT_A_SESSION;
            case LENGTH, CHECKSUM -> SessionFileException.Reason.DAMAGED;
            case FOREIGN -> SessionFileException.Reason.FOREIGN;
          };
      throw new SessionFileException(
          reason, file, "The session can't be restored: " + refused.getMessage() + ".", refused);
    } catch (UnusableKeyException none) {
      throw new SessionFileException(
          SessionFileException.Reason.NO_KEY,
          file,
          "The session can't be restored from " + file + ", because it can't be verified: " + none.getMessage(),
          none);
    } catch (IOException failure) {
      throw new SessionFileException(
          SessionFileException.Reason.IO,
          file,
          "The session can't be read from " + file + ": " + FileTrouble.reason(failure) + ".",
          failure);
    }
  }

  void saveSession(int[] tokens, Path file) {
    if (tokens.length == 0 || tokens.length > front.sequenceContextSize()) {
      throw new InvalidRequestException(
          "session",
          "The session has "
              + tokens.length
              + " tokens; 1 to "
              + front.sequenceContextSize()
              + " can be saved with this engine.");
    }
    try {
      front.save(tokens, file);
    } catch (UnusableKeyException none) {
      throw new SessionFileException(
          SessionFileException.Reason.NO_KEY,
          file,
          "The session can't be saved to " + file + ", because it can't be signed: " + none.getMessage(),
          none);
    } catch (IOException failure) {
      throw new SessionFileException(
          SessionFileException.Reason.IO,
          file,
          "The session can't be written to " + file + ": " + FileTrouble.reason(failure) + ".",
          failure);
    }
  }

  // ---- generations ----

  @Override
  public Generation generate(GenerationRequest request) {
    return generate(request, NOTHING, null);
  }

  /** Renders and tokenizes the request once, and reserves capacity for all generations together. */
  @Override
  public GenerationGroup generateAll(GenerationRequest request, int n) {
    GroupSize.require(n, config);
    Applicant applicant = Applicant.of(request);
    front.requirePlace(applicant);
    try (PreparedGroup prepared = prepare(request, n, NOTHING);
        Reservation reservation = front.reserve(applicant.withTokens(prepared.promptTokens()), n)) {
      return GenerationGroup.start(n, choice -> start(prepared.take(choice), null, reservation, applicant));
    }
  }

  /**
   * @param before tokens that the request's prompt continues
   * @param listener called at the end of the generation, unless this throws
   */
  Generation generate(GenerationRequest request, int[] before, @Nullable SequenceListener listener) {
    Applicant applicant = Applicant.of(request);
    front.requirePlace(applicant);
    try (PreparedGroup prepared = prepare(request, 1, before)) {
      return start(prepared.take(0), listener, null, applicant);
    }
  }

  /** Prepares a request and frees what that has made. */
  void rehearse(GenerationRequest request) {
    prepare(request, 1, NOTHING).close();
  }

  /** Compiles a request into {@code n} of its choices with all that they need, which the caller owns. */
  private PreparedGroup prepare(GenerationRequest request, int n, int[] before) {
    return prepared(
        RequestSize.isLarge(request),
        checkpoint -> {
          CompiledRequest compiled = compiler.compile(request, before, checkpoint);
          front.requireRoom(compiled.prompt().length, request.options(), contextLimit);
          return PreparedGroup.of(
              n,
              choice -> {
                checkpoint.run();
                return compiler.prepare(choice == 0 ? compiled : compiled.with(request.forChoice(choice).options()));
              });
        },
        PreparedGroup::close);
  }

  /** Has the threads that prepare requests do the tasks of a source as well; returns at its end. */
  void attend(TaskSource source) {
    preparations.attend(source);
  }

  /** Starts a generation, or continues one that another engine has begun. */
  Replayed generate(GenerationRequest request, Replay replay) {
    front.requireOpen();
    try (PreparedGroup prepared = prepare(request, 1, NOTHING)) {
      PreparedRequest only = prepared.take(0);
      int promptTokens = only.request().prompt().length;
      boolean parsed = only.parser() != null;
      return new Replayed(start(only, null, null, Applicant.of(request), replay), promptTokens, parsed);
    }
  }

  /**
   * A generation whose tokens are observed.
   *
   * @param promptTokens the length of its prompt
   * @param parsed whether reading an event may take a while, because a chat parser reads the answer
   */
  record Replayed(Generation generation, int promptTokens, boolean parsed) {}

  private Generation start(
      PreparedRequest prepared,
      @Nullable SequenceListener listener,
      @Nullable Reservation reservation,
      Applicant applicant) {
    return start(prepared, listener, reservation, applicant, EngineFront.NEW);
  }

  private Generation start(
      PreparedRequest prepared,
      @Nullable SequenceListener listener,
      @Nullable Reservation reservation,
      Applicant applicant,
      Replay replay) {
    CompiledRequest request = prepared.request();
    try {
      EngineGeneration generation =
          front.submit(
              Lineage.EMPTY,
              request.prompt(),
              request.options(),
              request.stops(),
              prepared.sampler(),
              listener,
              reservation,
              applicant,
              replay);
      ChatParser parser = prepared.parser();
      if (parser == null) {
        return FlushedGeneration.of(generation, request.options().flush());
      }
      ChatGeneration parsed = new ChatGeneration(generation, parser, generation.tokenEnds(), request.forced());
      String description = request.parser();
      Generation calling =
          request.singleCall() && description != null
              ? SingleCallGeneration.of(parsed, () -> ChatParserHandle.create(description))
              : parsed;
      return FlushedGeneration.of(calling, request.options().flush());
    } catch (OutOfMemoryError none) {
      prepared.close();
      throw MemoryShortage.of(none);
    } catch (Throwable refused) {
      prepared.close();
      throw refused;
    }
  }

  private <T> T prepared(boolean large, Preparation<T> work, Consumer<T> discard) {
    return open(() -> preparations.run(large, work, discard));
  }

  /** Runs work that needs the model. If the engine is closed in the meantime, the caller gets that as the reason. */
  private <T> T open(Supplier<T> work) {
    try {
      return work.get();
    } catch (OutOfMemoryError none) {
      throw MemoryShortage.of(none);
    } catch (IllegalStateException modelClosed) {
      front.requireOpen();
      throw modelClosed;
    }
  }

  // ---- prompts and tokens ----

  @Override
  public String render(ChatRequest request) {
    return prepared(RequestSize.isLarge(request), checkpoint -> compiler.render(request).prompt(), prompt -> {});
  }

  @Override
  public int countTokens(GenerationRequest request) {
    return prepared(RequestSize.isLarge(request), checkpoint -> compiler.countTokens(request), count -> {});
  }

  @Override
  public int countTokens(String text) {
    return prepared(text.length() > RequestSize.LARGE, checkpoint -> compiler.countTokens(text), count -> {});
  }

  @Override
  public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
    return prepared(
        text.length() > RequestSize.LARGE,
        checkpoint -> compiler.tokenize(text, addSpecial, parseSpecial),
        tokens -> {});
  }

  @Override
  public String detokenize(int... tokens) {
    return prepared(tokens.length > RequestSize.LARGE, checkpoint -> compiler.detokenize(tokens), text -> {});
  }

  @Override
  public byte[] tokenBytes(int token) {
    return model.vocabulary().piece(token);
  }

  // ---- the engine ----

  @Override
  public EngineConfig config() {
    return config;
  }

  @Override
  public int sequenceContextSize() {
    return front.sequenceContextSize();
  }

  @Override
  public EngineState state() {
    return front.state();
  }

  @Override
  public Optional<Throwable> failure() {
    return Optional.ofNullable(front.failure());
  }

  @Override
  public EngineStats stats() {
    EngineStats stats = front.stats();
    return stats.withDetail(stats.detail().withMemory(memory));
  }

  @Override
  public List<ActiveGeneration> generations() {
    return front.active();
  }

  @Override
  public boolean cancel(long id) {
    return front.cancel(id);
  }

  @Override
  public Model model() {
    return model;
  }

  @Override
  public ModelFacts modelFacts() {
    return model.facts();
  }

  @Override
  public Sampling recommendedSampling() {
    return model.recommendedSampling();
  }

  @Override
  public NativeReport natives() {
    return NativeRuntime.natives();
  }

  @Override
  public List<Device> devices() {
    return NativeRuntime.devices();
  }

  @Override
  public void close() {
    preparations.close();
    front.close();
    if (closed.compareAndSet(false, true)) {
      MemoryFlight.freed(name);
      model.loaded().release();
      if (ownsModel) {
        model.close();
      }
    }
  }
}
