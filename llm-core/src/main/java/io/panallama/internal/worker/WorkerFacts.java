package io.panallama.internal.worker;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.observe.Device;
import io.panallama.observe.ModelFacts;
import io.panallama.observe.NativeReport;
import java.util.List;

/** What a worker says about itself when it runs. */
public record WorkerFacts(ModelFacts model, Running running, NativeReport natives, List<Device> devices) {
  /** What computes, with every automatic value of its configuration replaced by the chosen one. */
  public sealed interface Running {}

  /** An engine. */
  public record Engine(EngineConfig config, int sequenceContextSize) implements Running {}

  /**
   * An embedder, a reranker or a classifier.
   *
   * @param maxTokens how many tokens a text may have
   * @param dimensions those of a vector; 0 if there are none
   * @param labels those of a classifier; otherwise none
   */
  public record Texts(EmbedderConfig config, int maxTokens, int dimensions, List<String> labels) implements Running {}

  /** Those of an engine. */
  public WorkerFacts(
      ModelFacts model, EngineConfig config, int sequenceContextSize, NativeReport natives, List<Device> devices) {
    this(model, new Engine(config, sequenceContextSize), natives, devices);
  }

  public void write(Output out) {
    ConfigCodec.write(out, model);
    switch (running) {
      case Engine(EngineConfig config, int sequenceContextSize) -> {
        out.put(true);
        ConfigCodec.write(out, config);
        out.put(sequenceContextSize);
      }
      case Texts(EmbedderConfig config, int maxTokens, int dimensions, List<String> labels) -> {
        out.put(false);
        ConfigCodec.write(out, config);
        out.put(maxTokens).put(dimensions).put(labels, Output::put);
      }
    }
    ConfigCodec.write(out, natives);
    out.put(devices, ConfigCodec::write);
  }

  public static WorkerFacts read(Input in) {
    return new WorkerFacts(
        ConfigCodec.modelFacts(in), running(in), ConfigCodec.natives(in), in.list(ConfigCodec::device));
  }

  private static Running running(Input in) {
    return in.flag()
        ? new Engine(ConfigCodec.engine(in), in.integer())
        : new Texts(ConfigCodec.embedder(in), in.integer(), in.integer(), in.list(Input::text));
  }

  /** What an engine says. */
  public Engine engine() {
    if (running instanceof Engine engine) {
      return engine;
    }
    throw new WireException("a worker runs no engine");
  }

  /** What an embedder, a reranker or a classifier says. */
  public Texts texts() {
    if (running instanceof Texts texts) {
      return texts;
    }
    throw new WireException("a worker computes no texts");
  }

  /** Whether both describe the same model, as far as its header tells. */
  boolean isSameModel(WorkerFacts other) {
    return model.architecture().equals(other.model.architecture())
        && model.parameterCount() == other.model.parameterCount()
        && model.sizeBytes() == other.model.sizeBytes()
        && model.metadata().equals(other.model.metadata());
  }
}
