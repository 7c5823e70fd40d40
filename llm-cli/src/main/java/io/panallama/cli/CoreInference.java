package io.panallama.cli;

import io.panallama.Classifier;
import io.panallama.Embedder;
import io.panallama.Engine;
import io.panallama.NativeRuntime;
import io.panallama.PreparedProcess;
import io.panallama.Quantizer;
import io.panallama.Reranker;
import io.panallama.TextClassifier;
import io.panallama.TextEmbedder;
import io.panallama.TextGenerator;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.observe.Device;
import io.panallama.observe.EngineStats;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationResult;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** {@link Inference} by io.panallama itself. */
final class CoreInference implements Inference {
  private @Nullable PreparedProcess prepared;

  @Override
  public void selectBackend(String backend) {
    System.setProperty("panallama.backend", backend);
  }

  @Override
  public NativeReport natives() {
    return NativeRuntime.natives();
  }

  @Override
  public void prepare() {
    NativeRuntime.prepare();
  }

  @Override
  public synchronized void prepareProcess(IsolationConfig limits) {
    prepared = PreparedProcess.start(limits);
  }

  @Override
  public synchronized void dropProcess() {
    PreparedProcess process = prepared;
    if (process != null) {
      process.close();
      prepared = null;
    }
  }

  @Override
  public void initializeNuma(NumaStrategy strategy) {
    NativeRuntime.initializeNuma(strategy);
  }

  @Override
  public List<Device> devices() {
    return NativeRuntime.devices();
  }

  @Override
  public QuantizationResult quantize(Path source, Path output, QuantizationConfig config) {
    return Quantizer.quantize(source, output, config);
  }

  @Override
  public QuantizationResult estimateQuantization(Path source, QuantizationConfig config) {
    return Quantizer.estimate(source, config);
  }

  @Override
  public LoadedEngine start(Path file, ModelConfig modelConfig, EngineConfig engineConfig) {
    return new CoreEngine(Engine.start(file, modelConfig, engineConfig));
  }

  @Override
  public LoadedEmbedder startEmbedder(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    return new CoreEmbedder(Embedder.load(file, modelConfig, config));
  }

  private record CoreEmbedder(Embedder own) implements LoadedEmbedder {
    @Override
    public TextEmbedder embedder() {
      return own;
    }

    @Override
    public int countTokens(String text) {
      return own.countTokens(text);
    }

    @Override
    public LoadedEngine.ModelSummary model() {
      return summary(own.modelFacts());
    }

    @Override
    public void close() {
      own.close();
    }
  }

  @Override
  public LoadedScorer<TextReranker> startReranker(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    Reranker own = Reranker.load(file, modelConfig, config);
    return new CoreScorer<>(own, own.modelFacts(), own::close);
  }

  @Override
  public LoadedScorer<TextClassifier> startClassifier(Path file, ModelConfig modelConfig, EmbedderConfig config) {
    Classifier own = Classifier.load(file, modelConfig, config);
    return new CoreScorer<>(own, own.modelFacts(), own::close);
  }

  private record CoreScorer<T>(T scorer, ModelFacts facts, Runnable closing) implements LoadedScorer<T> {
    @Override
    public LoadedEngine.ModelSummary model() {
      return summary(facts);
    }

    @Override
    public void close() {
      closing.run();
    }
  }

  /** What is shown of a model that generates no text, so that no sampling is recommended for it. */
  private static LoadedEngine.ModelSummary summary(ModelFacts facts) {
    return summary(facts, Sampling.recommended());
  }

  private static LoadedEngine.ModelSummary summary(ModelFacts facts, Sampling recommended) {
    return new LoadedEngine.ModelSummary(
        facts.name(),
        facts.description(),
        facts.parameterCount(),
        facts.sizeBytes(),
        facts.trainedContextSize(),
        recommended,
        facts.chatTemplate());
  }

  private record CoreEngine(Engine engine) implements LoadedEngine {
    @Override
    public TextGenerator generator() {
      return engine;
    }

    @Override
    public ModelSummary model() {
      return summary(engine.modelFacts(), engine.recommendedSampling());
    }

    @Override
    public EngineConfig config() {
      return engine.config();
    }

    @Override
    public int sequenceContextSize() {
      return engine.sequenceContextSize();
    }

    @Override
    public NativeReport natives() {
      return engine.natives();
    }

    @Override
    public List<Device> devices() {
      return engine.devices();
    }

    @Override
    public EngineStats stats() {
      return engine.stats();
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
