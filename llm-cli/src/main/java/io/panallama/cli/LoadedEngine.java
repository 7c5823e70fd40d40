package io.panallama.cli;

import io.panallama.TextGenerator;
import io.panallama.config.EngineConfig;
import io.panallama.observe.Device;
import io.panallama.observe.EngineStats;
import io.panallama.observe.NativeReport;
import io.panallama.sampling.Sampling;
import java.util.List;
import java.util.Optional;

/** An engine together with the model it owns; closing it closes both. */
interface LoadedEngine extends LoadedModel {
  /** The engine itself and not a wrapper, which would fall back to default methods where it does not delegate. */
  TextGenerator generator();

  /** The requested configuration, with every automatic value replaced by the chosen one. */
  EngineConfig config();

  /** Tokens that one conversation may hold. */
  int sequenceContextSize();

  /** The native libraries that it uses. */
  NativeReport natives();

  /** The devices that it can use. */
  List<Device> devices();

  /** The engine's statistics; any thread may call this. */
  EngineStats stats();

  /**
   * The facts about a model that the commands show.
   *
   * @param name its own name, or the file's
   * @param description llama.cpp's words: architecture, size class, quantisation
   * @param parameters number of weights
   * @param sizeBytes bytes of all tensors
   * @param trainedContextSize tokens it was trained for
   * @param sampling the sampling its authors recommend
   */
  record ModelSummary(
      String name,
      String description,
      long parameters,
      long sizeBytes,
      int trainedContextSize,
      Sampling sampling,
      Optional<String> chatTemplate) {}
}
