package io.panallama.models.internal.onnx;

import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * The graph of an ONNX file, in an order in which every value is given before it is taken, so it has no cycles. It holds
 * views of the file, which must stay open.
 */
final class OnnxGraph {
  private final List<OnnxNode> nodes;
  private final Map<String, OnnxTensor> initializers;
  private final List<String> inputs;
  private final List<String> outputs;
  private final Map<String, OnnxNode> producers = new HashMap<>();

  /**
   * Checks the order.
   *
   * @throws RefusedSourceException if a value is taken before it is given, or given twice
   */
  OnnxGraph(List<OnnxNode> nodes, Map<String, OnnxTensor> initializers, List<String> inputs, List<String> outputs) {
    this.nodes = List.copyOf(nodes);
    this.initializers = Map.copyOf(initializers);
    this.inputs = inputs.stream().filter(name -> !initializers.containsKey(name)).toList();
    this.outputs = List.copyOf(outputs);
    Set<String> given = new HashSet<>(initializers.keySet());
    given.addAll(inputs);
    given.add("");
    for (OnnxNode node : nodes) {
      for (String input : node.inputs()) {
        if (!given.contains(input)) {
          throw RefusedSourceException.malformed(
              node.describe() + " takes \"" + input + "\", which nothing before it gives");
        }
      }
      for (String output : node.outputs()) {
        if (!output.isEmpty() && !given.add(output)) {
          throw RefusedSourceException.malformed(node.describe() + " gives \"" + output + "\", which is given already");
        }
        producers.put(output, node);
      }
    }
  }

  List<OnnxNode> nodes() {
    return nodes;
  }

  /** The stored tensors by name. */
  Map<String, OnnxTensor> initializers() {
    return initializers;
  }

  /** What the caller supplies. */
  List<String> inputs() {
    return inputs;
  }

  List<String> outputs() {
    return outputs;
  }

  /** The operator that gives a value. */
  Optional<OnnxNode> producer(String value) {
    return Optional.ofNullable(producers.get(value));
  }

  /** The tensor behind a value that does not depend on the inputs: a stored one, or that of a {@code Constant}. */
  Optional<OnnxTensor> constant(String value) {
    OnnxTensor stored = initializers.get(value);
    if (stored != null) {
      return Optional.of(stored);
    }
    return producer(value).filter(node -> node.operator().equals("Constant")).flatMap(node -> node.tensor("value"));
  }
}
