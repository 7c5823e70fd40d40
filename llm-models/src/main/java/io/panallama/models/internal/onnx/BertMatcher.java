package io.panallama.models.internal.onnx;

import io.panallama.models.internal.onnx.BertEncoder.Layer;
import io.panallama.models.internal.onnx.BertEncoder.Linear;
import io.panallama.models.internal.onnx.BertEncoder.Norm;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Finds a BERT encoder in a graph, from its output back to its inputs. What a weight is follows from the operators
 * around it alone: exporters give matrices anonymous names.
 *
 * <p>The operators are those that PyTorch exports for {@code BertModel} of Hugging Face's transformers up to opset 16,
 * with layer normalisation and GELU spelt out. Every step is compared, so a graph that computes something else is
 * refused rather than imported wrongly. One instance per graph.
 */
final class BertMatcher {
  /** The only output that is read: a vector per token. */
  private static final String OUTPUT = "last_hidden_state";

  private static final String TOKENS = "input_ids";
  private static final String MASK = "attention_mask";
  private static final String TYPES = "token_type_ids";

  private static final Set<String> OPERATORS =
      Set.of(
          "Add",
          "Cast",
          "Concat",
          "Constant",
          "Div",
          "Erf",
          "Gather",
          "MatMul",
          "Mul",
          "Pow",
          "ReduceMean",
          "Reshape",
          "Shape",
          "Slice",
          "Softmax",
          "Sqrt",
          "Sub",
          "Transpose",
          "Unsqueeze");

  /** The operators between the mask of the input and the numbers that are added to attention scores. */
  private static final Set<String> MASKING = Set.of("Mul", "Sub", "Cast", "Unsqueeze");

  /** {@code LLAMA_MAX_LAYERS} in {@code llama-hparams.h}. */
  private static final int MOST_LAYERS = 512;

  /** Batch, head, token, element: how attention lays out queries and values, and undoes it. */
  private static final List<Long> HEADS_FIRST = List.of(0L, 2L, 1L, 3L);

  /** Batch, head, element, token: keys. */
  private static final List<Long> ELEMENTS_FIRST = List.of(0L, 2L, 3L, 1L);

  private static final double TOLERANCE = 1e-3;

  private final OnnxGraph graph;
  private final Set<String> used = new HashSet<>();
  private Optional<Long> heads = Optional.empty();
  private Optional<Float> epsilon = Optional.empty();

  BertMatcher(OnnxGraph graph) {
    this.graph = graph;
  }

  /** A normalisation with what it normalises. */
  private record NormOf(Norm norm, String input) {}

  /** A linear map with what it maps. */
  private record LinearOf(Linear linear, String input) {}

  /** An operator's stored or constant operand, and the other one. */
  private record Operands(OnnxTensor constant, String other) {}

  /** The linear map of a sum, and the other summand. */
  private record Residual(LinearOf linear, String input) {}

  /** A layer with what it takes. */
  private record LayerOf(Layer layer, String input) {}

  /**
   * Finds the encoder.
   *
   * @throws RefusedSourceException if the graph is another one; names the first operator or tensor that does not fit
   */
  BertEncoder match() {
    requireKnownOperators();
    requireInputsAndOutput();
    List<Layer> layers = new ArrayList<>();
    String value = OUTPUT;
    NormOf norm = norm(value);
    while (!isSumOfEmbeddings(norm.input())) {
      if (layers.size() == MOST_LAYERS) {
        throw RefusedSourceException.unsupported("it has more than " + MOST_LAYERS + " layers");
      }
      LayerOf layer = layer(norm);
      layers.addFirst(layer.layer());
      norm = norm(layer.input());
    }
    BertEncoder encoder = encoder(norm, layers);
    encoder.requireShapes();
    requireScales(encoder);
    requireEveryTensorUsed();
    return encoder;
  }

  private void requireKnownOperators() {
    for (OnnxNode node : graph.nodes()) {
      boolean standard = node.domain().isEmpty() || node.domain().equals("ai.onnx");
      if (!standard || !OPERATORS.contains(node.operator())) {
        throw RefusedSourceException.unsupported(
            node.describe()
                + (standard ? "" : " of " + node.domain())
                + ": a BERT encoder in 32-bit floats, as PyTorch exports it, has none; quantised and optimised graphs"
                + " can't be imported");
      }
    }
  }

  private void requireInputsAndOutput() {
    for (String input : graph.inputs()) {
      if (!Set.of(TOKENS, MASK, TYPES).contains(input)) {
        throw RefusedSourceException.unsupported("a BERT encoder has no input \"" + input + "\"");
      }
    }
    for (String input : List.of(TOKENS, MASK, TYPES)) {
      if (!graph.inputs().contains(input)) {
        throw RefusedSourceException.unsupported("the graph has no input \"" + input + "\"");
      }
    }
    if (!graph.outputs().contains(OUTPUT)) {
      throw RefusedSourceException.unsupported(
          "the graph has no output \"" + OUTPUT + "\", only " + graph.outputs().stream().limit(8).toList());
    }
  }

  // ---- a layer, from its output to its input ----------------------------------------------------------------------

  private LayerOf layer(NormOf output) {
    Residual second = residual(output.input());
    LinearOf down = second.linear();
    LinearOf up = linear(gelu(down.input()), "the feed-forward network");
    requireSame(up.input(), second.input(), up.linear());
    NormOf attention = norm(second.input());
    Residual first = residual(attention.input());
    LinearOf attended = first.linear();

    OnnxNode merged = transposed(split(attended.input(), false).input(0), HEADS_FIRST);
    OnnxNode weighted = producer(merged.input(0), "MatMul");
    LinearOf value = projection(weighted.input(1), HEADS_FIRST, "values");
    OnnxNode scores = scores(weighted.input(0));
    LinearOf query = projection(scores.input(0), HEADS_FIRST, "queries");
    LinearOf key = projection(scores.input(1), ELEMENTS_FIRST, "keys");
    for (LinearOf projection : List.of(query, key, value)) {
      requireSame(projection.input(), first.input(), projection.linear());
    }
    Layer layer =
        new Layer(
            query.linear(),
            key.linear(),
            value.linear(),
            attended.linear(),
            attention.norm(),
            up.linear(),
            down.linear(),
            output.norm());
    return new LayerOf(layer, first.input());
  }

  /** The product of queries and keys behind attention weights, which is scaled and masked. */
  private OnnxNode scores(String weights) {
    OnnxNode softmax = producer(weights, "Softmax");
    long axis = softmax.number("axis").orElse(-1L);
    require(axis == 3 || axis == -1, softmax, "its axis is " + axis + ", expected the last");
    OnnxNode masked = producer(softmax.input(0), "Add");
    boolean maskLast = graph.producer(masked.input(0)).filter(node -> node.operator().equals("Div")).isPresent();
    requireMask(masked.input(maskLast ? 1 : 0));
    OnnxNode scaled = producer(masked.input(maskLast ? 0 : 1), "Div");
    scales.add(new Scale(scaled, scalar(scaled, 1)));
    return producer(scaled.input(0), "MatMul");
  }

  /** What attention scores are divided by: compared with the number of heads when that is known. */
  private record Scale(OnnxNode node, float value) {}

  private final List<Scale> scales = new ArrayList<>();

  private void requireScales(BertEncoder encoder) {
    double expected = Math.sqrt((double) encoder.width() / encoder.heads());
    for (Scale scale : scales) {
      require(
          isNear(scale.value(), expected), scale.node(), "it divides by " + scale.value() + ", expected " + expected);
    }
  }

  private void requireMask(String value) {
    String at = value;
    while (!at.equals(MASK)) {
      OnnxNode node = producer(at);
      require(MASKING.contains(node.operator()), node, "it stands between the mask and the attention scores");
      at = graph.constant(node.input(0)).isPresent() ? node.input(1) : node.input(0);
      graph.constant(node.input(0)).ifPresent(_ -> used.add(node.input(0)));
      graph.constant(node.input(1)).ifPresent(_ -> used.add(node.input(1)));
    }
  }

  /** Queries, keys or values: a linear map, cut into heads. */
  private LinearOf projection(String value, List<Long> order, String what) {
    OnnxNode heads = split(transposed(value, order).input(0), true);
    return linear(heads.input(0), "attention's " + what);
  }

  private OnnxNode transposed(String value, List<Long> order) {
    OnnxNode transpose = producer(value, "Transpose");
    require(
        transpose.numbers("perm").equals(order),
        transpose,
        "its order is " + transpose.numbers("perm") + ", expected " + order);
    return transpose;
  }

  /** The {@code Reshape} that cuts vectors into heads, or joins them. */
  private OnnxNode split(String value, boolean intoHeads) {
    OnnxNode reshape = producer(value, "Reshape");
    OnnxNode shape = producer(reshape.input(1), "Concat");
    int expected = intoHeads ? 4 : 3;
    require(shape.inputs().size() == expected, shape, "it makes a shape of another size than " + expected);
    if (intoHeads) {
      long count = integer(shape, 2);
      require(count > 0 && count <= 1 << 16, shape, "it makes " + count + " attention heads");
      require(heads.isEmpty() || heads.get() == count, shape, "it makes " + count + " heads, unlike other layers");
      heads = Optional.of(count);
    }
    return reshape;
  }

  /** {@code 0.5 x (1 + erf(x / sqrt 2))}: returns x. */
  private String gelu(String value) {
    OnnxNode halved = producer(value, "Mul");
    Operands half = operands(halved);
    require(isNear(scalar(halved, half.constant()), 0.5), halved, "GELU multiplies by 0.5 here");
    OnnxNode product = producer(half.other(), "Mul");
    boolean sumLast = graph.producer(product.input(1)).filter(this::addsOneToErf).isPresent();
    String x = product.input(sumLast ? 0 : 1);
    OnnxNode sum = producer(product.input(sumLast ? 1 : 0), "Add");
    Operands one = operands(sum);
    require(isNear(scalar(sum, one.constant()), 1), sum, "GELU adds 1 here");
    OnnxNode erf = producer(one.other(), "Erf");
    OnnxNode divided = producer(erf.input(0), "Div");
    require(isNear(scalar(divided, 1), Math.sqrt(2)), divided, "GELU divides by the root of 2 here");
    require(divided.input(0).equals(x), divided, "GELU takes \"" + x + "\" here");
    return x;
  }

  private boolean addsOneToErf(OnnxNode node) {
    return node.operator().equals("Add")
        && node.inputs().stream()
            .anyMatch(input -> graph.producer(input).filter(erf -> erf.operator().equals("Erf")).isPresent());
  }

  // ---- the input
  // ------------------------------------------------------------------------------------------------------

  private boolean isSumOfEmbeddings(String value) {
    return producer(value, "Add").inputs().stream()
        .anyMatch(input -> graph.producer(input).filter(node -> node.operator().equals("Gather")).isPresent());
  }

  private BertEncoder encoder(NormOf norm, List<Layer> layers) {
    if (layers.isEmpty()) {
      throw RefusedSourceException.unsupported("the graph has no layers");
    }
    List<OnnxNode> gathers = new ArrayList<>();
    OnnxNode outer = producer(norm.input(), "Add");
    for (String summand : outer.inputs()) {
      OnnxNode node = producer(summand);
      if (node.operator().equals("Add")) {
        node.inputs().forEach(input -> gathers.add(producer(input, "Gather")));
      } else {
        gathers.add(producer(summand, "Gather"));
      }
    }
    require(gathers.size() == 3, outer, "BERT adds embeddings of tokens, token types and positions here");
    OnnxTensor words = table(gathers, TOKENS);
    OnnxTensor types = table(gathers, TYPES);
    OnnxNode position = gathers.getFirst();
    OnnxTensor positions = stored(position, 0);
    requireConsecutive(producer(position.input(1), "Slice"), positions);
    return new BertEncoder(
        words, positions, types, norm.norm(), layers, Math.toIntExact(heads.orElseThrow()), epsilon.orElseThrow());
  }

  /** Removes the embedding of this input from the list and returns its table. */
  private OnnxTensor table(List<OnnxNode> gathers, String input) {
    OnnxNode gather =
        gathers.stream()
            .filter(node -> node.input(1).equals(input))
            .findFirst()
            .orElseThrow(() ->
                RefusedSourceException.unsupported(
                    gathers.getFirst().describe() + ": \"" + input + "\" is not looked up beside it"));
    gathers.remove(gather);
    return stored(gather, 0);
  }

  /** Positions must be 0, 1, 2 ...: other models begin elsewhere, or leave padding out. */
  private void requireConsecutive(OnnxNode slice, OnnxTensor table) {
    OnnxTensor ids = constant(slice, 0);
    ByteBuffer numbers = ids.longs();
    long count = ids.count();
    require(
        !table.dimensions().isEmpty() && count == table.dimensions().getFirst(),
        slice,
        "it takes positions from " + count + ", but " + table.describe() + " has the shape " + table.dimensions());
    for (int i = 0; i < count; i++) {
      require(numbers.getLong(i * Long.BYTES) == i, slice, "position " + i + " is not " + i);
    }
    require(integer(slice, 1) == 0, slice, "positions do not begin at 0");
  }

  // ---- pieces
  // -----------------------------------------------------------------------------------------------------------

  /** A layer normalisation: the difference from the mean, by the root of the variance, times weight, plus bias. */
  private NormOf norm(String value) {
    OnnxNode shifted = producer(value, "Add");
    Operands bias = operands(shifted);
    OnnxNode scaled = producer(bias.other(), "Mul");
    Operands weight = operands(scaled);
    OnnxNode quotient = producer(weight.other(), "Div");
    OnnxNode difference = producer(quotient.input(0), "Sub");
    OnnxNode root = producer(quotient.input(1), "Sqrt");
    OnnxNode stabilised = producer(root.input(0), "Add");
    Operands epsilonOperand = operands(stabilised);
    OnnxNode variance = mean(epsilonOperand.other());
    OnnxNode square = producer(variance.input(0), "Pow");
    require(isNear(scalar(square, 1), 2), square, "a variance has the exponent 2");
    require(square.input(0).equals(difference.output()), square, "it does not square the difference from the mean");
    OnnxNode mean = mean(difference.input(1));
    require(mean.input(0).equals(difference.input(0)), mean, "it is not the mean of what it is subtracted from");
    float found = scalar(stabilised, epsilonOperand.constant());
    require(found > 0 && found < 1, stabilised, "it adds " + found + " to a variance");
    require(
        epsilon.isEmpty() || epsilon.get() == found, stabilised, "it adds " + found + ", unlike other normalisations");
    epsilon = Optional.of(found);
    return new NormOf(new Norm(weight.constant(), bias.constant()), difference.input(0));
  }

  private OnnxNode mean(String value) {
    OnnxNode mean = producer(value, "ReduceMean");
    List<Long> axes = mean.numbers("axes");
    require(axes.equals(List.of(-1L)) || axes.equals(List.of(2L)), mean, "its axes are " + axes + ", not the last");
    return mean;
  }

  /** The sum of a linear map's result and something else. */
  private Residual residual(String value) {
    OnnxNode sum = producer(value, "Add");
    boolean first = isLinear(sum.input(0));
    require(first || isLinear(sum.input(1)), sum, "BERT adds a linear map's result to its input here");
    return new Residual(linear(sum.input(first ? 0 : 1), "a residual connection"), first ? sum.input(1) : sum.input(0));
  }

  private boolean isLinear(String value) {
    return graph
        .producer(value)
        .filter(node -> node.operator().equals("Add"))
        .filter(node ->
            node.inputs().stream()
                .anyMatch(input -> graph.producer(input).filter(it -> it.operator().equals("MatMul")).isPresent()))
        .isPresent();
  }

  private LinearOf linear(String value, String where) {
    OnnxNode sum = producer(value);
    require(sum.operator().equals("Add"), sum, "expected the bias of " + where);
    Operands bias = operands(sum);
    OnnxNode product = producer(bias.other(), "MatMul");
    return new LinearOf(new Linear(stored(product, 1), bias.constant()), product.input(0));
  }

  private void requireSame(String found, String expected, Linear linear) {
    if (!found.equals(expected)) {
      throw RefusedSourceException.unsupported(
          linear.weight().describe() + " is multiplied with \"" + found + "\", expected \"" + expected + "\"");
    }
  }

  private OnnxNode producer(String value) {
    return graph
        .producer(value)
        .orElseThrow(
            () -> RefusedSourceException.unsupported("the value \"" + value + "\" stands where BERT has an operator"));
  }

  private OnnxNode producer(String value, String operator) {
    OnnxNode node = producer(value);
    require(node.operator().equals(operator), node, "BERT has " + operator + " in its place");
    return node;
  }

  private Operands operands(OnnxNode node) {
    for (int i = 0; i < 2; i++) {
      if (graph.constant(node.input(i)).isPresent()) {
        return new Operands(constant(node, i), node.input(1 - i));
      }
    }
    throw RefusedSourceException.unsupported(node.describe() + ": neither operand is stored in the file");
  }

  private OnnxTensor constant(OnnxNode node, int input) {
    used.add(node.input(input));
    return graph
        .constant(node.input(input))
        .orElseThrow(() ->
            RefusedSourceException.unsupported(
                node.describe() + ": its input " + input + ", \"" + node.input(input) + "\", is not constant"));
  }

  private OnnxTensor stored(OnnxNode node, int input) {
    OnnxTensor tensor = constant(node, input);
    require(!tensor.name().isEmpty(), node, "its input " + input + " is a constant, expected a stored tensor");
    return tensor;
  }

  private float scalar(OnnxNode node, int input) {
    return scalar(node, constant(node, input));
  }

  private static float scalar(OnnxNode node, OnnxTensor tensor) {
    require(tensor.count() == 1, node, "it takes " + tensor.count() + " numbers, expected one");
    return tensor.floats().getFloat(0);
  }

  private long integer(OnnxNode node, int input) {
    OnnxTensor tensor = constant(node, input);
    require(tensor.count() == 1, node, "its input " + input + " has " + tensor.count() + " numbers, expected one");
    return tensor.longs().getLong(0);
  }

  private static boolean isNear(double found, double expected) {
    return Math.abs(found - expected) <= TOLERANCE * expected;
  }

  private static void require(boolean condition, OnnxNode node, String fault) {
    if (!condition) {
      throw RefusedSourceException.unsupported(node.describe() + ": " + fault);
    }
  }

  /** A stored tensor that the encoder does not use belongs to something that would be lost. */
  private void requireEveryTensorUsed() {
    for (OnnxTensor tensor : graph.initializers().values()) {
      if (tensor.type() != OnnxTensor.INT64 && !used.contains(tensor.name())) {
        throw RefusedSourceException.unsupported(tensor.describe() + " has no place in a BERT encoder");
      }
    }
  }
}
