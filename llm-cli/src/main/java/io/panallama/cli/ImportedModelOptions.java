package io.panallama.cli;

import io.panallama.embedding.Pooling;
import io.panallama.quantize.QuantizationType;
import java.util.EnumSet;
import java.util.Optional;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** What becomes of an embedding model that is made into a GGUF file. */
final class ImportedModelOptions {
  @Option(
      names = "--type",
      paramLabel = "TYPE",
      converter = WeightType.class,
      description = "Type of the weights, such as F32, F16 or Q8_0. Default: F16.")
  private QuantizationType type = QuantizationType.F16;

  @Option(
      names = "--pooling",
      paramLabel = "mean|cls|last",
      converter = TrainedPoolings.class,
      description =
          "How the model was trained to pool, which its files do not say. Default: what a model with a name needs, else"
              + " mean.")
  private @Nullable Pooling pooling;

  QuantizationType type() {
    return type;
  }

  /** Empty unless it was chosen. */
  Optional<Pooling> pooling() {
    return Optional.ofNullable(pooling);
  }

  /** Those that make one vector of a text. */
  static final class TrainedPoolings extends Words<Pooling> {
    TrainedPoolings() {
      super(EnumSet.of(Pooling.MEAN, Pooling.CLS, Pooling.LAST));
    }
  }
}
