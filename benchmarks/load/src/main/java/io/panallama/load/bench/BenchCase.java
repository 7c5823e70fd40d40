package io.panallama.load.bench;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import java.nio.file.Path;
import java.util.Objects;

/**
 * A test with everything it runs on.
 *
 * @param file the model
 * @param model how it is loaded
 * @param engine threads, batches, KV types and flash attention; what a test needs of the rest is set for it
 * @param test what is measured
 */
public record BenchCase(Path file, ModelConfig model, EngineConfig engine, BenchTest test) {
  public BenchCase {
    Objects.requireNonNull(file, "file");
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(engine, "engine");
    Objects.requireNonNull(test, "test");
  }

  /**
   * Refuses a test in which a stream becomes longer than the model allows.
   *
   * @param trained tokens of context that the model was trained for
   * @throws BenchException if that is too few
   */
  public void requireContext(long trained) {
    long needed = Workload.longestStream(engine, test);
    if (needed > trained) {
      String streams = test.streams() == 1 ? "" : " with " + test.streams() + " streams";
      throw new BenchException(
          test.name()
              + streams
              + " needs a context of "
              + needed
              + " tokens, and "
              + file
              + " was trained for "
              + trained
              + ".");
    }
  }

  /** Whether both run on the same weights in the same place. */
  boolean sameModel(BenchCase other) {
    return file.equals(other.file) && model.equals(other.model);
  }
}
