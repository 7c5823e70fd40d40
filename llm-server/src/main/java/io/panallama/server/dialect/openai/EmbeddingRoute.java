package io.panallama.server.dialect.openai;

import io.panallama.embedding.Embedding;
import io.panallama.embedding.EmbeddingOptions;
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
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.UUID;

/** {@code POST /v1/embeddings}. */
final class EmbeddingRoute {
  private static final List<String> ENCODINGS = List.of("float", "base64");

  private EmbeddingRoute() {}

  static Answer answer(ClientRequest request, Registry registry) {
    Embedders.require(registry);
    JsonFields body = JsonBody.read(request);
    EmbeddingInput input = EmbeddingInput.read(body, "input").withoutEmptyTexts();
    String model = body.string("model");
    boolean base64 = "base64".equals(body.choice("encoding_format", ENCODINGS));
    EmbeddingOptions options = options(body);
    body.accept("user");
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
          // Mistral's clients want one, and vLLM's server has it.
          json.writeStringField("id", "embd-" + UUID.randomUUID().toString().replace("-", ""));
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          for (int i = 0; i < embeddings.size(); i++) {
            json.writeStartObject();
            json.writeStringField("object", "embedding");
            json.writeNumberField("index", i);
            json.writeFieldName("embedding");
            float[] vector = embeddings.get(i).vector();
            if (base64) {
              json.writeString(base64(vector));
            } else {
              Json.numbers(json, vector);
            }
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeStringField("model", served.model().id());
          json.writeObjectFieldStart("usage");
          json.writeNumberField("prompt_tokens", tokens);
          json.writeNumberField("total_tokens", tokens);
          json.writeEndObject();
        }));
  }

  private static EmbeddingOptions options(JsonFields body) {
    Integer dimensions = body.integer("dimensions", IntegerRange.atLeast(1));
    return dimensions == null ? EmbeddingOptions.defaults() : EmbeddingOptions.builder().dimensions(dimensions).build();
  }

  /** The numbers as 32-bit floats, the lowest byte first. */
  private static String base64(float[] vector) {
    ByteBuffer bytes = ByteBuffer.allocate(vector.length * Float.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    bytes.asFloatBuffer().put(vector);
    return Base64.getEncoder().encodeToString(bytes.array());
  }
}
