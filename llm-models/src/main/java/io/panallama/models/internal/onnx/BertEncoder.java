package io.panallama.models.internal.onnx;

import java.util.List;

/**
 * An encoder of the BERT family, as it was found in a graph.
 *
 * @param words token embeddings, one row per token
 * @param positions position embeddings, one row per position
 * @param types embeddings of the token types
 * @param norm normalises the sum of the three
 * @param layers from the first to the last
 * @param heads attention heads of a layer
 * @param epsilon added to the variance in each normalisation
 */
record BertEncoder(
    OnnxTensor words, OnnxTensor positions, OnnxTensor types, Norm norm, List<Layer> layers, int heads, float epsilon) {

  /** Weights of a matrix product ({@code [inputs, outputs]}) and what is added to it. */
  record Linear(OnnxTensor weight, OnnxTensor bias) {}

  /** Weights of a layer normalisation. */
  record Norm(OnnxTensor weight, OnnxTensor bias) {}

  /** One layer: attention, then a feed-forward network, each followed by a normalisation of its sum with its input. */
  record Layer(
      Linear query,
      Linear key,
      Linear value,
      Linear attentionOutput,
      Norm attentionNorm,
      Linear up,
      Linear down,
      Norm outputNorm) {}

  BertEncoder {
    layers = List.copyOf(layers);
  }

  /** Elements of a token's vector. */
  int width() {
    return Math.toIntExact(words.dimensions().get(1));
  }

  /** Number of tokens in the vocabulary. */
  int vocabulary() {
    return Math.toIntExact(words.dimensions().getFirst());
  }

  /** Tokens of the longest text. */
  int context() {
    return Math.toIntExact(positions.dimensions().getFirst());
  }

  int tokenTypes() {
    return Math.toIntExact(types.dimensions().getFirst());
  }

  /** Elements of a token's vector inside the feed-forward network. */
  int feedForward() {
    return Math.toIntExact(layers.getFirst().up().weight().dimensions().get(1));
  }

  /**
   * Checks the shapes against each other.
   *
   * @throws RefusedSourceException if some tensor does not have the shape that its place asks for
   */
  void requireShapes() {
    requireRank(words, 2);
    requireRank(positions, 2);
    requireRank(types, 2);
    requireRank(layers.getFirst().up().weight(), 2);
    long width = words.dimensions().get(1);
    require(words, words.dimensions().getFirst(), width);
    long inner = layers.getFirst().up().weight().dimensions().get(1);
    require(positions, positions.dimensions().getFirst(), width);
    require(types, types.dimensions().getFirst(), width);
    require(norm, width);
    for (Layer layer : layers) {
      require(layer.query(), width, width);
      require(layer.key(), width, width);
      require(layer.value(), width, width);
      require(layer.attentionOutput(), width, width);
      require(layer.attentionNorm(), width);
      require(layer.up(), width, inner);
      require(layer.down(), inner, width);
      require(layer.outputNorm(), width);
    }
    if (width % heads != 0) {
      throw RefusedSourceException.unsupported(
          words.describe() + " has rows of " + width + ", which " + heads + " attention heads can't share");
    }
  }

  private static void require(Linear linear, long in, long out) {
    require(linear.weight(), in, out);
    require(linear.bias(), out);
  }

  private static void require(Norm norm, long width) {
    require(norm.weight(), width);
    require(norm.bias(), width);
  }

  private static void requireRank(OnnxTensor tensor, int rank) {
    if (tensor.dimensions().size() != rank) {
      throw RefusedSourceException.unsupported(
          tensor.describe() + " has the shape " + tensor.dimensions() + ", expected " + rank + " dimensions");
    }
  }

  private static void require(OnnxTensor tensor, Long... shape) {
    if (!tensor.dimensions().equals(List.of(shape)) || tensor.count() == 0) {
      throw RefusedSourceException.unsupported(
          tensor.describe()
              + " has the shape "
              + tensor.dimensions()
              + ", expected "
              + List.of(shape)
              + " without zeros");
    }
    // Also checks the type and the number of bytes.
    tensor.floats();
  }
}
