package io.panallama.server.dialect.llamacpp;

import io.panallama.TextEmbedder;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.Normalization;
import io.panallama.embedding.TokenVectors;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.ChargedTexts;
import io.panallama.server.dialect.fields.Embedders;
import io.panallama.server.dialect.fields.EmbeddingInput;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedEmbedder;
import java.util.List;

/** {@code POST /embedding} and {@code /embeddings}, in llama-server's own shape. */
final class EmbeddingRoute {
  /** What llama.cpp scales the largest absolute value to: it fits 16 bits. */
  private static final float LARGEST = 32760;

  private static final int NOT_SCALED = -1;
  private static final int MAX_ABS = 0;
  private static final int EUCLIDEAN = 2;

  private EmbeddingRoute() {}

  static Answer answer(ClientRequest request, Registry registry) {
    Embedders.require(registry);
    JsonFields body = JsonBody.read(request);
    // As in llama-server, the first of the two names counts.
    String field = body.any("input") == null ? "content" : body.alias("input", "content");
    EmbeddingInput input = EmbeddingInput.read(body, field);
    String model = body.string("model");
    Integer scale = body.integer("embd_normalize", IntegerRange.of(NOT_SCALED, Normalization.Norm.MAX));
    int norm = scale == null ? EUCLIDEAN : scale;
    Integer dimensions = body.integer("dimensions", IntegerRange.atLeast(1));
    EmbeddingOptions options =
        EmbeddingOptions.builder()
            .normalization(normalization(norm))
            .dimensions(dimensions == null ? EmbeddingOptions.ALL : dimensions)
            .build();
    body.ignoreUnknown();
    request.release();
    ServedEmbedder served = Embedders.find(registry, model);
    TextEmbedder embedder = served.embedder();
    if (!embedder.pools()) {
      // As in llama-server, vectors of tokens are not scaled.
      EmbeddingOptions raw = options.toBuilder().normalization(Normalization.NONE).build();
      List<TokenVectors> texts =
          RequestRecord.computing(
              "embeddings",
              served.model().id(),
              () ->
                  ChargedTexts.compute(
                      registry,
                      request.account(),
                      () -> input.tokenVectors(embedder, raw),
                      EmbeddingRoute::tokens,
                      () -> input.countTokens(embedder)),
              EmbeddingRoute::tokens);
      return answer(texts.stream().map(TokenVectors::vectors).toList());
    }
    List<Embedding> embeddings =
        RequestRecord.computing(
            "embeddings",
            served.model().id(),
            () ->
                ChargedTexts.compute(
                    registry,
                    request.account(),
                    () -> input.compute(embedder, options),
                    Embedders::tokens,
                    () -> input.countTokens(embedder)),
            Embedders::tokens);
    if (norm == MAX_ABS) {
      embeddings.forEach(embedding -> enlarge(embedding.vector()));
    }
    return answer(embeddings.stream().map(embedding -> new float[][] {embedding.vector()}).toList());
  }

  private static long tokens(List<TokenVectors> texts) {
    return texts.stream().mapToLong(text -> text.vectors().length).sum();
  }

  private static void enlarge(float[] vector) {
    for (int i = 0; i < vector.length; i++) {
      vector[i] *= LARGEST;
    }
  }

  /**
   * @param texts the vectors of each: one, or one for each of its tokens
   */
  private static Answer answer(List<float[][]> texts) {
    return Answer.json(
        Json.array(json -> {
          for (int i = 0; i < texts.size(); i++) {
            json.writeStartObject();
            json.writeNumberField("index", i);
            json.writeArrayFieldStart("embedding");
            for (float[] vector : texts.get(i)) {
              Json.numbers(json, vector);
            }
            json.writeEndArray();
            json.writeEndObject();
          }
        }));
  }

  /** llama.cpp's numbers: -1 for none, 0 for the largest absolute value, otherwise the p of the p-norm. */
  private static Normalization normalization(int norm) {
    return switch (norm) {
      case NOT_SCALED -> Normalization.NONE;
      case MAX_ABS -> Normalization.MAX_ABS;
      default -> new Normalization.Norm(norm);
    };
  }
}
