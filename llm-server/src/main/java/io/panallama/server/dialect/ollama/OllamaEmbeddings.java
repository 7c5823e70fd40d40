package io.panallama.server.dialect.ollama;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
import io.panallama.embedding.LongText;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
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

/** {@code POST /api/embed} and the older {@code /api/embeddings}. */
final class OllamaEmbeddings {
  private OllamaEmbeddings() {}

  static Answer embed(ClientRequest request, Registry registry) {
    long begin = System.nanoTime();
    Embedders.require(registry);
    JsonFields body = JsonBody.read(request);
    // Clients load a model with a request without a text.
    JsonNode given = body.any("input");
    boolean nothing = given == null || given.isArray() && given.isEmpty();
    EmbeddingInput input = nothing ? EmbeddingInput.NOTHING : EmbeddingInput.read(body, "input");
    String model = body.string("model");
    EmbeddingOptions options = options(body);
    body.accept("options", "keep_alive");
    body.ignoreUnknown();
    request.release();
    ServedEmbedder served = Embedders.pooling(registry, model);
    List<Embedding> embeddings =
        RequestRecord.computing(
            "embeddings",
            served.model().id(),
            () ->
                ChargedTexts.compute(
                    registry,
                    request.account(),
                    () -> input.compute(served.embedder(), options),
                    Embedders::tokens,
                    () -> input.countTokens(served.embedder())),
            Embedders::tokens);
    long tokens = Embedders.tokens(embeddings);
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("model", served.model().id());
          json.writeArrayFieldStart("embeddings");
          for (Embedding embedding : embeddings) {
            Json.numbers(json, embedding.vector());
          }
          json.writeEndArray();
          json.writeNumberField("total_duration", System.nanoTime() - begin);
          json.writeNumberField("load_duration", 0);
          json.writeNumberField("prompt_eval_count", tokens);
        }));
  }

  /** Ollama cuts texts that are too long, unless the request says otherwise. */
  private static EmbeddingOptions options(JsonFields body) {
    boolean refuses = body.any("truncate") != null && !body.bool("truncate");
    Integer dimensions = body.integer("dimensions", IntegerRange.atLeast(0));
    return EmbeddingOptions.builder()
        .longText(refuses ? LongText.REFUSE : LongText.TRUNCATE)
        .dimensions(dimensions == null ? EmbeddingOptions.ALL : dimensions)
        .build();
  }

  static Answer older(ClientRequest request, Registry registry) {
    Embedders.require(registry);
    JsonFields body = JsonBody.read(request);
    EmbeddingInput input = EmbeddingInput.read(body, "prompt");
    if (input.isArray()) {
      throw ApiException.invalid("prompt", "prompt has several texts; /api/embed takes those.");
    }
    String model = body.string("model");
    body.accept("options", "keep_alive");
    body.ignoreUnknown();
    request.release();
    EmbeddingOptions options = EmbeddingOptions.builder().longText(LongText.TRUNCATE).build();
    ServedEmbedder served = Embedders.pooling(registry, model);
    Embedding embedding =
        RequestRecord.computing(
            "embeddings",
            served.model().id(),
            () ->
                ChargedTexts.compute(
                    registry,
                    request.account(),
                    () -> input.compute(served.embedder(), options).getFirst(),
                    Embedding::tokens,
                    () -> input.countTokens(served.embedder())),
            Embedding::tokens);
    return Answer.json(
        Json.object(json -> {
          json.writeFieldName("embedding");
          Json.numbers(json, embedding.vector());
        }));
  }
}
