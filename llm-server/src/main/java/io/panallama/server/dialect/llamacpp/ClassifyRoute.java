package io.panallama.server.dialect.llamacpp;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.TextClassifier;
import io.panallama.embedding.LongText;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Classification;
import io.panallama.scoring.ClassifyOptions;
import io.panallama.scoring.LabelScore;
import io.panallama.scoring.ScoreFunction;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.fields.ChargedTexts;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.TextOnly;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.ServedClassifier;
import java.io.IOException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import org.jspecify.annotations.Nullable;

/** {@code POST /classify}, in vLLM's shape; {@code score} and {@code scores} are ours. */
final class ClassifyRoute {
  private static final String INPUT = "input";
  private static final String ACTIVATION = "use_activation";

  private ClassifyRoute() {}

  static Answer answer(ClientRequest request, Registry registry) {
    ServedClassifier _ = find(registry, null);
    JsonFields body = JsonBody.read(request);
    JsonNode given = body.any(INPUT);
    List<String> texts = texts(given);
    String model = body.string("model");
    ClassifyOptions options = options(body);
    body.accept("user");
    body.ignoreUnknown();
    request.release();
    ServedClassifier served = find(registry, model);
    boolean array = given != null && given.isArray();
    List<Classification> all =
        RequestRecord.computing(
            "classify",
            served.model().id(),
            () ->
                ChargedTexts.compute(
                    registry,
                    request.account(),
                    () -> compute(served, texts, options, array),
                    ClassifyRoute::tokens,
                    () -> given(served.classifier(), texts)),
            ClassifyRoute::tokens);
    long tokens = tokens(all);
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("id", "classify-" + UUID.randomUUID());
          json.writeStringField("object", "list");
          json.writeNumberField("created", Instant.now().getEpochSecond());
          json.writeStringField("model", served.model().id());
          json.writeArrayFieldStart("data");
          for (int i = 0; i < all.size(); i++) {
            write(json, i, all.get(i));
          }
          json.writeEndArray();
          json.writeObjectFieldStart("usage");
          json.writeNumberField("prompt_tokens", tokens);
          json.writeNumberField("total_tokens", tokens);
          json.writeNumberField("completion_tokens", 0);
          json.writeEndObject();
        }));
  }

  private static long tokens(List<Classification> all) {
    return all.stream().mapToLong(Classification::tokens).sum();
  }

  /** The tokens of all texts, each as far as the classifier takes it. */
  private static long given(TextClassifier classifier, List<String> texts) {
    return texts.stream().mapToLong(text -> Math.min(classifier.countTokens(text), classifier.maxTokens())).sum();
  }

  private static void write(JsonGenerator json, int index, Classification of) throws IOException {
    json.writeStartObject();
    json.writeNumberField("index", index);
    json.writeStringField("label", of.best().label());
    json.writeNumberField("score", of.best().score());
    json.writeArrayFieldStart("probs");
    for (LabelScore score : of.scores()) {
      json.writeNumber(score.score());
    }
    json.writeEndArray();
    json.writeNumberField("num_classes", of.scores().size());
    json.writeArrayFieldStart("scores");
    for (LabelScore score : of.scores()) {
      json.writeStartObject();
      json.writeStringField("label", score.label());
      json.writeNumberField("score", score.score());
      json.writeEndObject();
    }
    json.writeEndArray();
    if (of.truncated()) {
      json.writeBooleanField("truncated", true);
    }
    json.writeEndObject();
  }

  private static List<String> texts(@Nullable JsonNode input) {
    if (input == null) {
      throw ApiException.invalid(INPUT, INPUT + " is missing.");
    }
    if (input.isTextual()) {
      return List.of(JsonFields.string(input, INPUT));
    }
    if (!input.isArray()) {
      throw JsonFields.wrongType(INPUT, input, "a string or an array of strings");
    }
    if (input.isEmpty()) {
      throw ApiException.invalid(INPUT, INPUT + " is empty; give it one text at least.");
    }
    List<String> texts = new ArrayList<>(input.size());
    for (int i = 0; i < input.size(); i++) {
      texts.add(JsonFields.string(input.get(i), INPUT + "[" + i + "]"));
    }
    return texts;
  }

  private static ClassifyOptions options(JsonFields body) {
    boolean several = body.bool("multi_label");
    boolean raw = body.any(ACTIVATION) != null && !body.bool(ACTIVATION);
    if (several && raw) {
      throw ApiException.invalid(
          ACTIVATION, ACTIVATION + " is false and multi_label is true; only one of them can be had.");
    }
    return ClassifyOptions.builder()
        .function(several ? ScoreFunction.SIGMOID : raw ? ScoreFunction.NONE : ScoreFunction.MODEL)
        .longText(body.bool("truncate") ? LongText.TRUNCATE : LongText.REFUSE)
        .build();
  }

  /** Calls the classifier; what it says of a text is said of its place in the body. */
  private static List<Classification> compute(
      ServedClassifier served, List<String> texts, ClassifyOptions options, boolean array) {
    try {
      return served.classifier().classify(texts, options);
    } catch (TextTooLongException tooLong) {
      throw Failures.tooLong(tooLong, place(tooLong.parameter(), array), Failures.TRUNCATE);
    } catch (InvalidRequestException refused) {
      throw ApiException.invalid(place(refused.parameter(), array), refused.message(name -> place(name, array)));
    }
  }

  private static String place(String name, boolean array) {
    String place = name.replaceFirst("^texts(?=\\[|$)", INPUT);
    return place.equals("function") ? "multi_label" : array ? place : place.replaceFirst("^input\\[0]$", INPUT);
  }

  private static ServedClassifier find(Registry registry, @Nullable String name) {
    return registry.classifier(name).orElseThrow(TextOnly::classification);
  }
}
