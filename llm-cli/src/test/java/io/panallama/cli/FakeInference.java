package io.panallama.cli;

import io.panallama.TextClassifier;
import io.panallama.TextEmbedder;
import io.panallama.TextGenerator;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Pooling;
import io.panallama.embedding.TokenVectors;
import io.panallama.error.EmbeddingException;
import io.panallama.error.QuantizationException;
import io.panallama.error.TextTooLongException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.generation.Usage;
import io.panallama.observe.Device;
import io.panallama.observe.EngineStats;
import io.panallama.observe.NativeReport;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationProgress;
import io.panallama.quantize.QuantizationResult;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import io.panallama.sampling.Sampling;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.Deque;
import java.util.List;
import java.util.NoSuchElementException;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.function.Function;
import java.util.function.UnaryOperator;

/** An {@link Inference} without native code: records its requests and answers with the given pieces. */
final class FakeInference implements Inference {
  /** The end of a text that counts as one of which a part was left out. */
  static final String CUT = "~";

  final List<GenerationRequest> requests = new ArrayList<>();
  final List<String> backends = new ArrayList<>();
  final List<NumaStrategy> numa = new ArrayList<>();
  final List<ModelConfig> modelConfigs = new ArrayList<>();
  final List<EngineConfig> engineConfigs = new ArrayList<>();
  final List<IsolationConfig> isolations = new ArrayList<>();
  final List<Path> files = new ArrayList<>();

  /** The limits of the processes that were prepared, and whether one waits for a model. */
  final List<IsolationConfig> processes = new ArrayList<>();

  boolean waitingProcess;
  final List<QuantizationConfig> quantizations = new ArrayList<>();
  final List<EmbedderConfig> embedderConfigs = new ArrayList<>();
  final List<EmbeddingOptions> embeddingOptions = new ArrayList<>();
  final List<List<String>> embedded = new ArrayList<>();
  final List<RerankOptions> rerankOptions = new ArrayList<>();
  final List<ClassifyOptions> classifyOptions = new ArrayList<>();
  final List<List<String>> scored = new ArrayList<>();

  /** The answer to a request; a {@link RuntimeException} thrown here is thrown by {@code generate}. */
  UnaryOperator<String> template = content -> content;

  Function<GenerationRequest, List<String>> answer = _ -> List.of("Hello", " there");

  FinishReason reason = FinishReason.STOP;
  int discardedTokens;
  Optional<RuntimeException> nativesFailure = Optional.empty();
  Optional<RuntimeException> startFailure = Optional.empty();
  volatile int open;

  /** How often its libraries were loaded ahead of the first use, and what is done meanwhile. */
  volatile int prepared;

  Runnable preparing = () -> {};

  /** What a load does before it is done. */
  Consumer<ModelConfig> loading = _ -> {};

  @Override
  public void selectBackend(String backend) {
    backends.add(backend);
  }

  @Override
  public NativeReport natives() {
    nativesFailure.ifPresent(FakeInference::fail);
    return new NativeReport(
        "0.5.0", "linux-x64", "cpu", Path.of("/natives"), Optional.of("haswell"), Optional.of("no driver"));
  }

  @Override
  public void prepare() {
    preparing.run();
    prepared++;
    nativesFailure.ifPresent(FakeInference::fail);
  }

  @Override
  public void prepareProcess(IsolationConfig limits) {
    processes.add(limits);
    waitingProcess = true;
  }

  @Override
  public void dropProcess() {
    waitingProcess = false;
  }

  @Override
  public void initializeNuma(NumaStrategy strategy) {
    numa.add(strategy);
  }

  @Override
  public List<Device> devices() {
    return List.of(new Device("CPU", "Some processor", "CPU", Device.Type.CPU, 1L << 30, 2L << 30));
  }

  @Override
  public LoadedEngine start(Path file, ModelConfig model, EngineConfig engine) {
    files.add(file);
    modelConfigs.add(model);
    engineConfigs.add(engine);
    if (engine.isolation() == Isolation.PROCESS) {
      isolations.add(engine.isolationConfig());
      engine.isolationConfig().numa().ifPresent(numa::add);
    }
    startFailure.ifPresent(FakeInference::fail);
    loading.accept(model);
    open++;
    return new FakeEngine(engine);
  }

  /** Vectors of the length of a text, and of nothing. */
  @Override
  public LoadedEmbedder startEmbedder(Path file, ModelConfig model, EmbedderConfig config) {
    files.add(file);
    embedderConfigs.add(config);
    startFailure.ifPresent(FakeInference::fail);
    open++;
    return new FakeEmbedder(config.pooling() != Pooling.NONE);
  }

  /** Scores of the length of a document. */
  @Override
  public LoadedScorer<TextReranker> startReranker(Path file, ModelConfig model, EmbedderConfig config) {
    starting(file, config);
    return new FakeScorer<>(new FakeReranker());
  }

  /** Texts that begin with a b are bad. */
  @Override
  public LoadedScorer<TextClassifier> startClassifier(Path file, ModelConfig model, EmbedderConfig config) {
    starting(file, config);
    return new FakeScorer<>(new FakeClassifier());
  }

  private void starting(Path file, EmbedderConfig config) {
    files.add(file);
    embedderConfigs.add(config);
    startFailure.ifPresent(FakeInference::fail);
    open++;
  }

  private final class FakeReranker implements TextReranker {
    @Override
    public Ranking rank(String query, List<String> documents, RerankOptions options) {
      if (documents.contains("far too long")) {
        throw TextTooLongException.ofDocument(documents.indexOf("far too long"), 300, 128);
      }
      rerankOptions.add(options);
      scored.add(List.copyOf(documents));
      List<RankedDocument> ranked = new ArrayList<>();
      for (int i = 0; i < documents.size(); i++) {
        ranked.add(new RankedDocument(i, documents.get(i).length(), 9, documents.get(i).endsWith(CUT)));
      }
      ranked.sort(Comparator.comparingDouble(RankedDocument::score).reversed());
      return new Ranking(ranked, 9L * documents.size());
    }

    @Override
    public int maxTokens() {
      return 128;
    }
  }

  private final class FakeClassifier implements TextClassifier {
    @Override
    public List<Classification> classify(List<String> texts, ClassifyOptions options) {
      classifyOptions.add(options);
      scored.add(List.copyOf(texts));
      LabelScore good = new LabelScore(0, "good", 0.75f);
      LabelScore bad = new LabelScore(1, "bad", 0.25f);
      return texts.stream()
          .map(text ->
              new Classification(text.startsWith("b") ? bad : good, List.of(good, bad), 7, text.endsWith(CUT), 1))
          .toList();
    }

    @Override
    public List<String> labels() {
      return List.of("good", "bad");
    }

    @Override
    public int maxTokens() {
      return 64;
    }
  }

  private final class FakeScorer<T> implements LoadedScorer<T> {
    private final T scorer;

    FakeScorer(T scorer) {
      this.scorer = scorer;
    }

    @Override
    public T scorer() {
      return scorer;
    }

    @Override
    public LoadedEngine.ModelSummary model() {
      return new LoadedEngine.ModelSummary(
          "Fake head", "bert 33M F16", 33_000_000, 66_000_000, 128, Sampling.defaults(), Optional.empty());
    }

    @Override
    public void close() {
      open--;
    }
  }

  private final class FakeEmbedder implements LoadedEmbedder, TextEmbedder {
    private final boolean pools;

    FakeEmbedder(boolean pools) {
      this.pools = pools;
    }

    @Override
    public boolean pools() {
      return pools;
    }

    /** Two for each text: its length, and nothing. */
    @Override
    public List<TokenVectors> tokenVectors(List<String> texts, EmbeddingOptions options) {
      embeddingOptions.add(options);
      return texts.stream()
          .map(text -> new TokenVectors(new int[2], new float[][] {{text.length(), 0.5f}, {0, 0}}, false))
          .toList();
    }

    @Override
    public List<Embedding> embed(List<String> texts, EmbeddingOptions options) {
      for (int i = 0; i < texts.size(); i++) {
        if (texts.get(i).equals("far too long")) {
          throw new TextTooLongException(i, 300, 256);
        }
        if (texts.get(i).equals("broken")) {
          throw new EmbeddingException(
              EmbeddingException.Reason.NOT_FINITE, "The model gave numbers that are none for texts[" + i + "].", null);
        }
      }
      embeddingOptions.add(options);
      embedded.add(List.copyOf(texts));
      return texts.stream()
          .map(text -> new Embedding(new float[] {text.length(), 0.5f}, text.length() + 2, text.endsWith(CUT), 1))
          .toList();
    }

    @Override
    public List<Embedding> embedTokens(List<int[]> texts, EmbeddingOptions options) {
      return texts.stream().map(text -> new Embedding(new float[] {text.length, 0}, text.length, false, 1)).toList();
    }

    @Override
    public int dimensions() {
      return 2;
    }

    @Override
    public int maxTokens() {
      return 256;
    }

    @Override
    public TextEmbedder embedder() {
      return this;
    }

    @Override
    public int countTokens(String text) {
      return text.length();
    }

    @Override
    public LoadedEngine.ModelSummary model() {
      return new LoadedEngine.ModelSummary(
          "Fake BERT", "bert 22M F16", 22_000_000, 44_000_000, 256, Sampling.defaults(), Optional.empty());
    }

    @Override
    public void close() {
      open--;
    }
  }

  /** Pretends to have a hundred tensors, and records both files. */
  @Override
  public QuantizationResult quantize(Path source, Path output, QuantizationConfig config) {
    files.add(source);
    files.add(output);
    quantizations.add(config);
    startFailure.ifPresent(FakeInference::fail);
    for (int done = 0; done <= 100; done++) {
      tell(source, config, done);
    }
    return new QuantizationResult(config.type(), 1_000_000, 100, 7, 2_000_000, 600_000);
  }

  @Override
  public QuantizationResult estimateQuantization(Path source, QuantizationConfig config) {
    files.add(source);
    quantizations.add(config);
    tell(source, config, 0);
    return new QuantizationResult(config.type(), 1_000_000, 100, 0, 2_000_000, 600_000);
  }

  private static void tell(Path source, QuantizationConfig config, int done) {
    if (!config.listener().progress(new QuantizationProgress("blk.0.attn_q.weight", done, 100, done, 100))) {
      throw new QuantizationException(
          QuantizationException.Reason.CANCELLED, source, source + ": quantising was stopped.", null);
    }
  }

  private static void fail(RuntimeException failure) {
    throw failure;
  }

  private final class FakeGenerator implements TextGenerator {
    @Override
    public Generation generate(GenerationRequest request) {
      requests.add(request);
      return new FakeGeneration(answer.apply(request), reason, discardedTokens);
    }

    @Override
    public String render(ChatRequest request) {
      return template.apply(request.messages().getLast().content());
    }

    @Override
    public int countTokens(GenerationRequest request) {
      return 1;
    }

    @Override
    public int countTokens(String text) {
      return text.length();
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
      return text.chars().toArray();
    }

    @Override
    public String detokenize(int... tokens) {
      return new String(tokens, 0, tokens.length);
    }

    @Override
    public byte[] tokenBytes(int token) {
      return new byte[] {(byte) token};
    }
  }

  private final class FakeEngine implements LoadedEngine {
    private final EngineConfig config;

    FakeEngine(EngineConfig config) {
      this.config = config;
    }

    @Override
    public TextGenerator generator() {
      return new FakeGenerator();
    }

    @Override
    public ModelSummary model() {
      return new ModelSummary(
          "Fake", "fake 2M Q8_0", 1_992_768, 2_187_264, 1024, Sampling.defaults(), Optional.empty());
    }

    @Override
    public EngineConfig config() {
      return config;
    }

    @Override
    public int sequenceContextSize() {
      return 1024;
    }

    @Override
    public NativeReport natives() {
      return FakeInference.this.natives();
    }

    @Override
    public List<Device> devices() {
      return FakeInference.this.devices();
    }

    @Override
    public EngineStats stats() {
      return new EngineStats(0, 0, config.slots(), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    }

    @Override
    public void close() {
      open--;
    }
  }

  /** Emits its pieces, then the end; or the end at once after {@code cancel}. */
  static final class FakeGeneration implements Generation {
    private final Deque<String> pieces;
    private final int total;
    private final FinishReason reason;
    private final int discarded;
    private boolean cancelled;
    private boolean finished;

    FakeGeneration(List<String> pieces, FinishReason reason, int discarded) {
      this.pieces = new ArrayDeque<>(pieces);
      this.total = pieces.size();
      this.reason = reason;
      this.discarded = discarded;
    }

    @Override
    public long id() {
      return 1;
    }

    @Override
    public Optional<GenerationEvent> poll(Duration timeout) {
      if (finished) {
        throw new NoSuchElementException();
      }
      if (!pieces.isEmpty() && !cancelled) {
        return Optional.of(new GenerationEvent.Text(pieces.remove(), List.of()));
      }
      finished = true;
      Timings timings = new Timings(Duration.ZERO, Duration.ofMillis(20), Duration.ofMillis(500));
      return Optional.of(
          new GenerationEvent.Finished(
              cancelled ? FinishReason.CANCELLED : reason, new Usage(7, 3, total - pieces.size(), discarded), timings));
    }

    @Override
    public void cancel() {
      cancelled = true;
    }

    @Override
    public void close() {
      cancelled = true;
    }
  }
}
