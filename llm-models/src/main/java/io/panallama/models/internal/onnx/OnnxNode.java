package io.panallama.models.internal.onnx;

import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An operator of an ONNX graph ({@code NodeProto}).
 *
 * @param index its position in the graph
 * @param name its name, which may be empty
 * @param domain the operator set; empty for ONNX's own
 * @param operator its type, such as {@code MatMul}
 * @param inputs names of the values that it takes; empty for an optional one that is absent
 * @param outputs names of the values that it gives
 * @param attributes its attributes by name
 */
record OnnxNode(
    int index,
    String name,
    String domain,
    String operator,
    List<String> inputs,
    List<String> outputs,
    Map<String, Attribute> attributes) {

  /**
   * An attribute: the parts of {@code AttributeProto} that matter here.
   *
   * @param number its integer {@code i}
   * @param numbers its integers {@code ints}
   * @param tensor its tensor {@code t}
   */
  record Attribute(Optional<Long> number, List<Long> numbers, Optional<OnnxTensor> tensor) {
    Attribute {
      numbers = List.copyOf(numbers);
    }
  }

  OnnxNode {
    inputs = List.copyOf(inputs);
    outputs = List.copyOf(outputs);
    attributes = Map.copyOf(attributes);
  }

  /** An input; empty text if there are fewer. */
  String input(int position) {
    return position < inputs.size() ? inputs.get(position) : "";
  }

  /** Its first output. */
  String output() {
    return outputs.isEmpty() ? "" : outputs.getFirst();
  }

  List<Long> numbers(String attribute) {
    Attribute found = attributes.get(attribute);
    return found == null ? List.of() : found.numbers();
  }

  Optional<Long> number(String attribute) {
    return Optional.ofNullable(attributes.get(attribute)).flatMap(Attribute::number);
  }

  Optional<OnnxTensor> tensor(String attribute) {
    return Optional.ofNullable(attributes.get(attribute)).flatMap(Attribute::tensor);
  }

  String describe() {
    return "operator " + index + ", " + operator + (name.isEmpty() ? "" : " \"" + name + "\"");
  }
}
