package io.panallama.cli;

import io.panallama.TextClassifier;
import io.panallama.TextReranker;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.IsolationConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.NumaStrategy;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import io.panallama.quantize.QuantizationConfig;
import io.panallama.quantize.QuantizationResult;
import java.nio.file.Path;
import java.util.List;

/** What the commands need from llama.cpp. The real implementation is {@link CoreInference}; tests use a fake. */
interface Inference {
  /**
   * Chooses the backend. Call it before any other method: the choice is final once the libraries are loaded.
   *
   * @param backend {@code "auto"}, {@code "cpu"} or {@code "cuda"}
   */
  void selectBackend(String backend);

  /**
   * Loads the native libraries and says which.
   *
   * @throws io.panallama.error.NativeLibraryException if there are none that fit
   */
  NativeReport natives();

  /**
   * Does what the first model and the first answer would do once in this process, so that it can be done beside other work.
   *
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  void prepare();

  /**
   * Starts a process for the first model that is loaded with {@link io.panallama.config.Isolation#PROCESS}, beside other work. If
   * one was started already with the same limit of memory and backend, it stays.
   */
  void prepareProcess(IsolationConfig limits);

  /** Ends the process of {@link #prepareProcess} if no model has been loaded with it. Repeating it is harmless. */
  void dropProcess();

  /** Tells llama.cpp how to use a machine with several NUMA nodes. Call it before a model is loaded. */
  void initializeNuma(NumaStrategy strategy);

  /** The devices that the loaded backends offer. */
  List<Device> devices();

  /**
   * Loads a model and starts an engine on it. With {@link io.panallama.config.Isolation#PROCESS} nothing native is
   * loaded into this process.
   *
   * @throws io.panallama.error.ModelLoadException if the file can't be loaded
   * @throws io.panallama.error.EngineStartException if no engine can be started on it, or its own process
   *     dies
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  LoadedEngine start(Path file, ModelConfig model, EngineConfig engine);

  /**
   * Loads a model and starts an embedder on it.
   *
   * @throws io.panallama.error.ModelLoadException if the file can't be loaded
   * @throws io.panallama.error.EngineStartException if it gives no vectors
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  LoadedEmbedder startEmbedder(Path file, ModelConfig model, EmbedderConfig embedder);

  /**
   * Loads a model and starts a reranker on it.
   *
   * @throws io.panallama.error.ModelLoadException if the file can't be loaded
   * @throws io.panallama.error.EngineStartException if it does not rank
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  LoadedScorer<TextReranker> startReranker(Path file, ModelConfig model, EmbedderConfig config);

  /**
   * Loads a model and starts a classifier on it.
   *
   * @throws io.panallama.error.ModelLoadException if the file can't be loaded
   * @throws io.panallama.error.EngineStartException if it gives no labels
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  LoadedScorer<TextClassifier> startClassifier(Path file, ModelConfig model, EmbedderConfig config);

  /**
   * Quantises a model file.
   *
   * @throws io.panallama.error.ModelLoadException if the source is no model
   * @throws io.panallama.error.QuantizationException if it can't be quantised with these settings or to that path
   * @throws io.panallama.error.NativeLibraryException if there are no native libraries that fit
   */
  QuantizationResult quantize(Path source, Path output, QuantizationConfig config);

  /** The sizes that {@link #quantize} would give, with the same exceptions. */
  QuantizationResult estimateQuantization(Path source, QuantizationConfig config);
}
