package io.panallama.server.registry;

import io.panallama.Classifier;
import io.panallama.TextClassifier;
import io.panallama.observe.MemoryUse;
import java.util.List;
import java.util.Objects;

/**
 * A model that gives texts labels, as the server serves it. Its owner closes the classifier after the server.
 *
 * @param model what the server tells clients about it
 */
public record ServedClassifier(ServedModel model, TextClassifier classifier) implements Served {
  /** All components are required. */
  public ServedClassifier {
    Objects.requireNonNull(model, "model");
    Objects.requireNonNull(classifier, "classifier");
  }

  /** That of a {@link Classifier}; others count as healthy. */
  @Override
  public Health health() {
    return classifier instanceof Classifier own ? Health.of(own.state(), own::failure) : Health.up();
  }

  /** That of a {@link Classifier}. */
  @Override
  public List<MemoryUse> memory() {
    return classifier instanceof Classifier own ? own.memory() : List.of();
  }
}
