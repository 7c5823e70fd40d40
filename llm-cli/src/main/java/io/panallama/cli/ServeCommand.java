package io.panallama.cli;

import io.panallama.TextReranker;
import io.panallama.cli.settings.Settings;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.ModelConfig;
import io.panallama.config.SpillConfig;
import io.panallama.demo.DemoModel;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.EngineStartException;
import io.panallama.error.GenerationException;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.Generation;
import io.panallama.generation.Usage;
import io.panallama.observe.Device;
import io.panallama.observe.EngineStats;
import io.panallama.observe.NativeReport;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.server.ChatServer;
import io.panallama.server.ServerConfig;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.registry.ServedModel;
import java.lang.System.Logger.Level;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.function.BooleanSupplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code panallama serve}: runs the chat server until Ctrl-C or SIGTERM, which are its normal end (exit code 0). */
@Command(
    name = "serve",
    description = "Serve a model over HTTP (OpenAI-compatible) with a chat page, until Ctrl-C or SIGTERM.")
final class ServeCommand implements Callable<Integer>, CheckedOptions {
  private static final System.Logger LOG = System.getLogger("io.panallama.cli");

  /** Ids that every vocabulary has. */
  private static final int[] WARM_UP = {0, 0};

  /** How long the process may take to end besides what running requests get. */
  private static final Duration FAREWELL = Duration.ofSeconds(4);

  private static final Usage NOTHING = new Usage(0, 0, 0, 0);

  private final CommandContext context;

  @Option(
      names = {"-a", "--alias"},
      paramLabel = "NAME",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Name of the model in the API; can be given several times, or as a list with commas, and the first is the one"
              + " in answers. Default: the file's name. The file's name is a name in any case, with and without .gguf.")
  private List<String> aliases = List.of();

  @Option(
      names = "--no-warmup",
      description = "Do not generate a first token before being ready, which would bring a mapped model into memory.")
  private boolean noWarmup;

  @Option(
      names = "--embedding-model",
      paramLabel = "FILE|NAME",
      description =
          "GGUF file of a model that gives embeddings, or one that pull fetches, such as minilm; served besides the"
              + " other one. Default: none.")
  private @Nullable String embeddingModel;

  @Option(
      names = {"--embedding", "--embeddings"},
      description =
          "Serve the model of --model as one that gives embeddings; no text is generated. --embedding-model serves one"
              + " besides.")
  private boolean embeds;

  @Option(
      names = {"--reranking", "--rerank"},
      description =
          "Serve the model of --model as one that ranks documents; no text is generated. --reranking-model serves one"
              + " besides.")
  private boolean ranks;

  @Option(
      names = "--context-shift",
      description =
          "Discard the oldest tokens when the context is full and go on, for requests that do not say what to do then"
              + " (context_overflow).")
  private boolean shifts;

  /** Written by the thread that loads, before the engine is handed over. */
  private volatile @Nullable LoadedEmbedder embedder;

  private volatile @Nullable DocumentLibrary library;

  /** Whether requests may be running. */
  private volatile boolean serving;

  /** The port of gRPC, if there is one. */
  private OptionalInt grpcPort = OptionalInt.empty();

  /** What is said of the keys at the start. */
  private Optional<String> keyNotice = Optional.empty();

  /** What the warm-up took. */
  private volatile Usage warmedUp = NOTHING;

  @Spec private CommandSpec spec = CommandSpec.create();

  @Mixin private KeyOptions keys = new KeyOptions();
  @Mixin private ServerOptions serverOptions = new ServerOptions();
  @Mixin private GrpcOptions grpc = new GrpcOptions();
  @Mixin private EngineOptions engineOptions = new EngineOptions();
  @Mixin private EmbedderOptions embedderOptions = new EmbedderOptions();
  @Mixin private FilesOptions files = new FilesOptions();
  @Mixin private ScoringModels scoring = new ScoringModels();
  @Mixin private IsolationOptions isolation = new IsolationOptions();
  @Mixin private ModelOptions model = new ModelOptions();
  @Mixin private SamplingOptions sampling = new SamplingOptions();
  @Mixin private ReasoningOptions reasoning = new ReasoningOptions();

  ServeCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws InterruptedException {
    CarrierThreads.fit();
    Set<String> ignored = LlamaServerOptions.ignored(spec.commandLine().getParseResult());
    names();
    requireOneTask();
    grpc.check();
    ServerConfig config = server();
    ModelOptions.Configs configs = model.checked(this::configure);
    defaults(Sampling.recommended());
    reasoning.options();
    files.limits();
    if (!ignored.isEmpty()) {
      context.warn("Accepted and ignored: " + String.join(", ", ignored) + ".");
    }
    keyNotice = KeyOptions.summary(config);
    prepareProcess();
    CompletableFuture<Void> stop = new CompletableFuture<>();
    // Listening first finds a taken port before a large model is loaded; until then the server answers 503.
    // It is closed before the engine that its requests run on.
    StopSignals signals = context.signals();
    try (StopSignals.Registration _ = signals.onStop(() -> stop(stop, signals, config.shutdownGrace()));
        BackgroundLoad load = BackgroundLoad.of(stopped -> load(configs, stopped));
        ChatServer server = ChatServer.start(config, load::begin)) {
      grpcPort = grpc.open(server);
      Optional<LoadedModel> loaded = load.await(stop);
      if (loaded.isPresent()) {
        serving = true;
        serve(server, loaded.get());
        ServerOptions.warnIfOpen(context, server, config);
        await(stop);
      }
      context.err().println("panallama: stopping" + patience(server.runningRequests(), config.shutdownGrace()));
    } finally {
      closeEmbedder();
    }
    return ExitCode.OK;
  }

  /** Starts the process of the first model beside what comes before it, unless that has begun; ends one that isn't needed. */
  private void prepareProcess() {
    isolation
        .limits()
        .ifPresentOrElse(
            limits -> {
              model.selectBackend(context);
              context.inference().prepareProcess(limits);
            },
            context.inference()::dropProcess);
  }

  /** Whatever is in the way of an end in order, a load or a worker that does not answer, gets only a limited time. */
  private void stop(CompletableFuture<Void> stop, StopSignals signals, Duration grace) {
    signals.endWithin(serving ? grace.plus(FAREWELL) : FAREWELL);
    stop.complete(null);
  }

  private void closeEmbedder() {
    DocumentLibrary open = library;
    LoadedEmbedder loaded = embedder;
    try {
      if (open != null) {
        open.close();
      }
    } finally {
      try {
        if (loaded != null) {
          loaded.close();
        }
      } finally {
        scoring.close();
      }
    }
  }

  /** Whether -v was given, on either side of the command's name. */
  private boolean isVerbose() {
    return Boolean.TRUE.equals(spec.root().findOption("--verbose").getValue());
  }

  /** A model is served as one kind. */
  private void requireOneTask() {
    if (embeds && ranks) {
      throw new UsageException(
          "--embedding and --reranking exclude each other: one model is served as one of them; --embedding-model and"
              + " --reranking-model serve others besides.");
    }
  }

  @Override
  public void checkOptions() {
    names();
    requireOneTask();
    grpc.check();
    defaults(Sampling.recommended());
    reasoning.options();
    ServerConfig _ = server();
    files.limits();
    model.checked(this::configure);
  }

  /**
   * The server's configuration.
   *
   * @throws UsageException if an option or a variable of OpenTelemetry can't be followed
   */
  private ServerConfig server() {
    try {
      return keys.configure(context, serverOptions.config().toBuilder())
          .openTelemetry(context.environment().variables())
          .verbose(isVerbose())
          .build();
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused), refused);
    }
  }

  private void configure(EngineConfig.Builder engine) {
    engineOptions.configure(engine);
    isolation.configure(engine);
  }

  private LoadedModel load(ModelOptions.Configs configs, BooleanSupplier stopped) {
    LoadedModel loaded = loadMain(configs, stopped);
    try {
      String embedding = embeddingModel;
      if (embedding != null) {
        NamedModel named = new NamedModel(embedding);
        Path file = named.file(context, stopped);
        // Both models compute with the same number of threads.
        EmbedderConfig config =
            isolated(embedderOptions.config()).toBuilder().threads(configs.engine().threads()).build();
        LoadedEmbedder beside = context.inference().startEmbedder(file, ModelConfig.defaults(), config);
        embedder = beside;
        library = files.open(context, named.id(), config, beside).orElse(null);
      }
      scoring.load(context, stopped, isolated(EmbedderConfig.defaults()));
      if (loaded instanceof LoadedEngine engine) {
        checkTemplate(engine);
        if (!noWarmup) {
          warmedUp = warmUp(engine);
        }
      }
      return loaded;
    } catch (RuntimeException | Error failure) {
      loaded.close();
      throw failure;
    }
  }

  private LoadedModel loadMain(ModelOptions.Configs configs, BooleanSupplier stopped) {
    if (embeds || ranks) {
      EmbedderConfig config = isolated(embedderOptions.config());
      return embeds
          ? model.startTexts(context, configs, config, stopped, context.inference()::startEmbedder)
          : model.startTexts(context, configs, config, stopped, context.inference()::startReranker);
    }
    try {
      return model.start(context, configs, stopped);
    } catch (EngineStartException refused) {
      if (refused.reason() != EngineStartException.Reason.NOT_A_DECODER) {
        throw refused;
      }
      throw new UsageException(
          refused.getMessage()
              + " Add --embedding or --reranking to serve it for that alone, or serve it beside a model that generates:"
              + " --embedding-model, --reranking-model or --classifier-model FILE.",
          refused);
    }
  }

  /** The configuration with the place where its model is to compute. */
  private EmbedderConfig isolated(EmbedderConfig config) {
    return isolation
        .limits()
        .map(limits -> config.toBuilder().isolation(Isolation.PROCESS).isolationConfig(model.withNuma(limits)).build())
        .orElse(config);
  }

  /**
   * Compiles the chat template, which without a warm-up is left to the first chat unless an option gives it.
   *
   * @throws UsageException if an option gives one that can't be used
   */
  private void checkTemplate(LoadedEngine engine) {
    Optional<String> option = model.templateOption();
    if (noWarmup && option.isEmpty()) {
      return;
    }
    try {
      engine.generator().render(ChatRequest.of("Hello"));
    } catch (ChatTemplateException faulty) {
      if (faulty.isUnusable() && option.isPresent()) {
        throw new UsageException(option.get() + ": " + faulty.getMessage(), faulty);
      }
      if (faulty.isUnusable() && engine.model().chatTemplate().isPresent()) {
        context.warn(faulty.getMessage() + " Chats are refused; --chat-template gives the model another one.");
      }
      LOG.log(Level.DEBUG, "The warm-up rendered no chat: {0}", faulty.getMessage());
    } catch (InvalidRequestException refused) {
      LOG.log(Level.DEBUG, "The warm-up rendered no chat: {0}", refused.getMessage());
    } catch (GenerationException failed) {
      if (failed.reason() != GenerationException.Reason.OUT_OF_MEMORY) {
        throw failed;
      }
      context.warn("Chats are refused for want of memory: " + failed.getMessage());
    }
  }

  private void serve(ChatServer server, LoadedModel main) {
    announceModel(main);
    switch (main) {
      case LoadedEngine engine -> {
        serveBesides(server);
        Usage before = warmedUp;
        server.serve(served(engine), engine.generator(), () -> without(before, engine.stats()));
        announce(engine);
      }
      case LoadedEmbedder alone -> {
        server.serve(served(main, alone.embedder().maxTokens()), alone.embedder());
        serveBesides(server);
        server.serveWithoutGenerator();
        row("embeddings", vectors(alone) + "; no text is generated");
      }
      case LoadedScorer<?> alone when alone.scorer() instanceof TextReranker reranker -> {
        server.serve(served(main, reranker.maxTokens()), reranker);
        serveBesides(server);
        server.serveWithoutGenerator();
        row("reranking", "query and document of up to " + reranker.maxTokens() + " tokens; no text is generated");
      }
      default -> throw new IllegalStateException("There is no way to serve " + main);
    }
    announceBesides(server);
  }

  private void serveBesides(ChatServer server) {
    LoadedEmbedder loaded = embedder;
    if (loaded != null) {
      server.serve(served(loaded), loaded.embedder());
    }
    DocumentLibrary open = library;
    if (open != null) {
      server.serve(open);
    }
    scoring.serve(server);
  }

  private static void await(CompletableFuture<Void> stop) throws InterruptedException {
    try {
      stop.get();
    } catch (ExecutionException impossible) {
      throw new IllegalStateException(impossible);
    }
  }

  private static String patience(int running, Duration grace) {
    return running == 0 || grace.isZero()
        ? ""
        : " when "
            + running
            + (running == 1 ? " request has" : " requests have")
            + " finished, in "
            + grace.toSeconds()
            + " s at the latest; a second signal stops at once";
  }

  /**
   * Computes a prompt and a token, so that the first user does not wait for work that is done only once. The prompt is
   * shorter than any prefix that the engine keeps, so no request finds tokens of it in the cache. Whatever is refused
   * here is no reason to stop: such a model may still serve other requests.
   *
   * @throws UsageException if the model's weights are broken
   */
  private Usage warmUp(LoadedEngine engine) {
    GenerationOptions twoTokens = GenerationOptions.builder().maxTokens(2).build();
    try (Generation generation = engine.generator().generate(CompletionRequest.of(WARM_UP).with(twoTokens))) {
      return generation.await().usage();
    } catch (InvalidRequestException refused) {
      LOG.log(Level.DEBUG, "The warm-up was refused: {0}", refused.getMessage());
      return NOTHING;
    } catch (GenerationException failed) {
      if (failed.reason() != GenerationException.Reason.DECODE_FAILED) {
        throw failed;
      }
      throw new UsageException(model.path() + ": the model can't generate. " + failed.getMessage(), failed);
    }
  }

  /** Statistics that do not count the warm-up, which nobody asked for; a generation alone takes a step for each token. */
  private static EngineStats without(Usage warmUp, EngineStats all) {
    return new EngineStats(
        all.running(),
        all.waiting(),
        all.slots(),
        Math.max(0, all.steps() - warmUp.completionTokens()),
        Math.max(0, all.promptTokens() - warmUp.promptTokens()),
        Math.max(0, all.generatedTokens() - warmUp.completionTokens()),
        all.promptNanos(),
        all.generationNanos(),
        all.preemptions(),
        all.cachedPromptTokens(),
        all.restores(),
        all.spilledBytes(),
        all.diskBytes(),
        all.detail());
  }

  /**
   * The names of the model, the one in answers first.
   *
   * @throws UsageException if one is blank
   */
  private List<String> names() {
    Set<String> names = new LinkedHashSet<>();
    for (String given : aliases) {
      for (String name : given.split(",", -1)) {
        if (name.isBlank()) {
          throw new UsageException(
              "--alias is blank; give the model a name, or leave the option out for the file's name.");
        }
        names.add(name.strip());
      }
    }
    names.add(model.modelId());
    names.add(model.fileName());
    return List.copyOf(names);
  }

  /**
   * The values of fields that requests leave out.
   *
   * @throws io.panallama.error.InvalidRequestException if a value is out of its range
   */
  private GenerationOptions defaults(Sampling recommended) {
    ContextOverflow overflow = shifts ? new ContextOverflow.Shift(0) : new ContextOverflow.Reject();
    return sampling.over(recommended, GenerationOptions.builder().overflow(overflow).build());
  }

  private ServedModel served(LoadedEngine engine) {
    LoadedEngine.ModelSummary summary = engine.model();
    List<String> names = names();
    GenerationOptions defaults = defaults(summary.sampling());
    return ServedModel.builder(names.getFirst(), engine.sequenceContextSize())
        .aliases(names.subList(1, names.size()))
        .description(summary.description())
        .path(model.path())
        .demo(model.isDemo())
        .parameters(summary.parameters())
        .trainedContextSize(summary.trainedContextSize())
        .sizeBytes(summary.sizeBytes())
        .sampling(defaults.sampling())
        .maxTokens(defaults.maxTokens())
        .stops(defaults.stops())
        .overflow(defaults.overflow())
        .template(reasoning.options())
        .chatTemplate(summary.chatTemplate().orElse(""))
        .build();
  }

  /** The model of --model if it generates no text. */
  private ServedModel served(LoadedModel main, int maxTokens) {
    LoadedEngine.ModelSummary summary = main.model();
    List<String> names = names();
    return ServedModel.builder(names.getFirst(), maxTokens)
        .aliases(names.subList(1, names.size()))
        .description(summary.description())
        .path(model.path())
        .demo(model.isDemo())
        .parameters(summary.parameters())
        .trainedContextSize(summary.trainedContextSize())
        .sizeBytes(summary.sizeBytes())
        .build();
  }

  private ServedModel served(LoadedEmbedder loaded) {
    return ScoringModels.served(String.valueOf(embeddingModel), loaded.embedder().maxTokens(), loaded.model());
  }

  private void announceModel(LoadedModel main) {
    LoadedEngine.ModelSummary summary = main.model();
    String llama = main instanceof LoadedEngine engine ? engine.natives().llamaVersion() : Main.Version.llama();
    context.out().println("panallama " + Main.Version.number() + ", llama.cpp " + llama);
    row(
        "model",
        Printable.line(model.modelId())
            + " ("
            + Printable.line(summary.description().replace(" ?B", ""))
            + ", "
            + Printable.count(summary.parameters())
            + " parameters, "
            + Printable.bytes(summary.sizeBytes())
            + ")");
    if (model.isDemo()) {
      row("", DemoModel.notice());
    }
  }

  private void announce(LoadedEngine engine) {
    NativeReport natives = engine.natives();
    for (Device device : engine.devices()) {
      row("device", DoctorCommand.describe(device));
    }
    natives.cudaUnavailable().ifPresent(why -> row("", "no CUDA: " + Printable.line(why)));
    row(
        "context",
        engine.config().contextSize()
            + " tokens, "
            + engine.config().slots()
            + " slots, up to "
            + engine.sequenceContextSize()
            + " per conversation"
            + model.whyContext(engine));
    SpillConfig spill = engine.config().spill();
    if (spill.diskBytes() > 0) {
      row(
          "prefixes",
          "up to "
              + Printable.bytes(spill.diskBytes())
              + " in "
              + Printable.line(spill.directory().orElseThrow().toString()));
    }
  }

  private static String vectors(LoadedEmbedder loaded) {
    return loaded.embedder().dimensions() + " dimensions, texts of up to " + loaded.embedder().maxTokens() + " tokens";
  }

  private void announceBesides(ChatServer server) {
    LoadedEmbedder loaded = embedder;
    if (loaded != null) {
      row(
          "embeddings",
          Printable.line(served(loaded).id())
              + " ("
              + Printable.line(loaded.model().description())
              + "), "
              + vectors(loaded));
    }
    DocumentLibrary open = library;
    if (open != null) {
      row(
          "files",
          "up to "
              + Printable.bytes(open.limits().maxTotalBytes())
              + " in "
              + Printable.line(open.folder().toString()));
    }
    keyNotice.ifPresent(notice -> row("keys", notice));
    scoring.rows().forEach(row -> row(row.label(), row.text()));
    grpcPort.ifPresent(port -> row("grpc", "port " + port));
    List<URI> addresses = server.uris();
    for (URI also : addresses.subList(1, addresses.size())) {
      row("also on", also.toString());
    }
    row("listening", addresses.getFirst() + "  (Ctrl-C stops)");
    context.out().flush();
  }

  private void row(String label, String value) {
    context.out().printf("  %-10s %s%n", label, value);
  }
}
