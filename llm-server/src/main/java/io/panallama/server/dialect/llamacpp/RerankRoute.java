package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.scoring.RankedDocument;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.ChargedTexts;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.RankingInput;
import io.panallama.server.dialect.fields.TextOnly;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedReranker;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * {@code POST /v1/rerank} and {@code /v1/reranking}, in llama-server's two shapes: that of Jina and Cohere for {@code
 * documents}, and that of Text Embeddings Inference for {@code texts}.
 */
final class RerankRoute {
  private static final String DOCUMENTS = "documents";
  private static final String TEXTS = "texts";
  private static final String TRUNCATE = "truncate";
  private static final String RAW_SCORES = "raw_scores";

  private RerankRoute() {}

  /** As llama-server does it: documents that are too long are refused, unless the client wants them cut. */
  static Answer answer(ClientRequest request, Registry registry) {
    return answer(request, registry, false);
  }

  /** As Cohere does it: the ends of documents that are too long are left out. */
  static Answer cohere(ClientRequest request, Registry registry) {
    return answer(request, registry, true);
  }

  private static Answer answer(ClientRequest request, Registry registry, boolean truncates) {
    ServedReranker _ = find(registry, null);
    JsonFields body = JsonBody.read(request);
    boolean inference = body.any(TEXTS) != null;
    RankingInput input = RankingInput.read(body, inference && body.any(DOCUMENTS) == null ? TEXTS : DOCUMENTS);
    String model = body.string("model");
    RerankOptions options = options(body, truncates);
    boolean documents = body.bool("return_documents");
    boolean texts = body.bool("return_text");
    body.accept("user");
    body.ignoreUnknown();
    request.release();
    ServedReranker served = find(registry, model);
    Ranking ranking =
        RequestRecord.computing(
            "rerank",
            served.model().id(),
            () ->
                ChargedTexts.compute(
                    registry,
                    request.account(),
                    () -> input.compute(served.reranker(), options),
                    Ranking::tokens,
                    () -> input.countTokens(served.reranker())),
            Ranking::tokens);
    if (inference) {
      return Answer.json(
          Json.array(json -> {
            for (RankedDocument document : ranking.documents()) {
              json.writeStartObject();
              json.writeNumberField("index", document.index());
              json.writeNumberField("score", document.score());
              if (texts) {
                json.writeStringField("text", input.text(document.index()));
              }
              json.writeEndObject();
            }
          }));
    }
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("model", served.model().id());
          json.writeStringField("object", "list");
          json.writeObjectFieldStart("usage");
          json.writeNumberField("prompt_tokens", ranking.tokens());
          json.writeNumberField("total_tokens", ranking.tokens());
          json.writeEndObject();
          json.writeArrayFieldStart("results");
          for (RankedDocument document : ranking.documents()) {
            write(json, document, documents ? input.json(document.index()) : null);
          }
          json.writeEndArray();
        }));
  }

  private static void write(JsonGenerator json, RankedDocument document, @Nullable String given) throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", document.index());
    json.writeNumberField("relevance_score", document.score());
    if (document.truncated()) {
      json.writeBooleanField("truncated", true);
    }
    if (given != null) {
      json.writeFieldName("document");
      json.writeRawValue(given);
    }
    json.writeEndObject();
  }

  private static RerankOptions options(JsonFields body, boolean truncates) {
    RerankOptions.Builder options = RerankOptions.builder();
    boolean asked = body.bool(TRUNCATE);
    Integer most = body.integer("max_tokens_per_doc", IntegerRange.atLeast(1));
    if (most != null) {
      options.maxDocumentTokens(most);
    }
    // Who says how long a document may be wants longer ones cut. Only Cohere's clients send the others.
    boolean cohere = truncates || most != null || body.has("max_chunks_per_doc") || body.has(RankingInput.RANK_FIELDS);
    options.truncate(body.any(TRUNCATE) == null ? cohere : asked);
    Integer topN = body.integer("top_n", IntegerRange.atLeast(1));
    if (topN != null) {
      options.topN(topN);
    }
    // Raw scores are llama-server's, whichever the shape; only who asks for others gets them.
    boolean raw = body.bool(RAW_SCORES);
    return options.normalized(body.any(RAW_SCORES) != null && !raw).build();
  }

  private static ServedReranker find(Registry registry, @Nullable String name) {
    return registry.reranker(name).orElseThrow(TextOnly::reranking);
  }
}
