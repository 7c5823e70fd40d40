package io.panallama.internal.llama;

import io.panallama.error.EngineStartException;
import io.panallama.error.EngineStartException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufTensor;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The head of a model that ranks or classifies, which llama.cpp computes with the pooling {@code rank}.
 *
 * @param labels of its outputs, one at least; an empty text for one without a name
 * @param givesProbabilities whether llama.cpp makes probabilities of its outputs already
 */
public record ScoringHead(List<String> labels, boolean givesProbabilities) {
  /** Of these, llama.cpp takes the softmax of the outputs ({@code llm_graph_context::build_pooling}). */
  private static final Set<String> WITH_SOFTMAX = Set.of("qwen3", "qwen3vl");

  /** All components are required. */
  public ScoringHead {
    labels = List.copyOf(labels);
  }

  /**
   * The head of a model.
   *
   * @param file the model's file, with its overrides
   * @return empty if it has none
   * @throws EngineStartException if its outputs and its labels don't fit together: llama.cpp would read beyond the outputs,
   *     and end the process, or read a number that is no score
   */
  public static Optional<ScoringHead> of(ModelHandle model, GgufFile file) {
    Optional<GgufTensor> last = file.tensor("cls.output.weight").or(() -> file.tensor("cls.weight"));
    if (last.isEmpty()) {
      return Optional.empty();
    }
    List<String> labels = model.labels();
    if (last.get().dimension(1) != labels.size()) {
      throw new EngineStartException(
          Reason.REFUSED,
          file.path()
              + ": the last layer of its head, "
              + last.get().name()
              + ", has "
              + last.get().dimension(1)
              + " outputs, and its file names "
              + labels.size()
              + (labels.size() == 1 ? " label" : " labels")
              + "; convert the model again with a newer version of llama.cpp's converter.",
          null);
    }
    return Optional.of(new ScoringHead(labels, WITH_SOFTMAX.contains(file.architecture().orElse(""))));
  }
}
