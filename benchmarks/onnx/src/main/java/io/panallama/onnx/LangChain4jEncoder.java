package io.panallama.onnx;

import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.model.embedding.onnx.allminilml6v2.AllMiniLmL6V2EmbeddingModel;
import dev.langchain4j.model.output.Response;
import java.util.List;
import java.util.Objects;

/**
 * LangChain4j's model as it comes. It reads the first 128 tokens of a text, computes one text at a time in each of its threads, and
 * has no option for the threads of ONNX Runtime, which takes as many as there are cores.
 */
final class LangChain4jEncoder implements Encoder {
  /** [CLS] and [SEP], which LangChain4j does not count. */
  private static final int FRAME = 2;

  private final AllMiniLmL6V2EmbeddingModel model = new AllMiniLmL6V2EmbeddingModel();

  @Override
  public Encoded encode(List<String> texts) {
    Response<List<Embedding>> response = model.embedAll(texts.stream().map(TextSegment::from).toList());
    List<float[]> vectors = response.content().stream().map(Embedding::vector).toList();
    return new Encoded(
        vectors, Objects.requireNonNull(response.tokenUsage()).inputTokenCount() + (long) FRAME * texts.size());
  }

  @Override
  public void close() {
    // It has nothing to close.
  }
}
