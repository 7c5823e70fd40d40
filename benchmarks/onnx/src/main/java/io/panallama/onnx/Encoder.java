package io.panallama.onnx;

import java.util.List;

/** Computes vectors of texts. Thread-safe. */
interface Encoder extends AutoCloseable {
  /**
   * Vectors of a request's texts.
   *
   * @param vectors in the order of the texts
   * @param tokens of all texts, with [CLS] and [SEP]
   */
  record Encoded(List<float[]> vectors, long tokens) {}

  Encoded encode(List<String> texts);

  @Override
  void close();
}
