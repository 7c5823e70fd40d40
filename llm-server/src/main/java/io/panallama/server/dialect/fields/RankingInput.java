package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.TextReranker;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import java.util.ArrayList;
import java.util.List;

/** The query and the documents of a request for a ranking: texts, or objects with a text, as Jina and Cohere have them. */
public final class RankingInput {
  private static final String QUERY = "query";
  private static final String TEXT = "text";

  private final String field;
  private final String query;
  private final List<String> documents;

  private RankingInput(String field, String query, List<String> documents) {
    this.field = field;
    this.query = query;
    this.documents = documents;
  }

  /**
   * Reads the fields.
   *
   * @param field the name of the documents
   * @throws ApiException if one is missing or empty, or a part of it is wrong
   */
  public static RankingInput read(JsonFields body, String field) {
    String query = body.string(QUERY);
    if (query == null) {
      throw ApiException.invalid(QUERY, QUERY + " is missing.");
    }
    JsonNode given = body.any(field);
    if (given == null) {
      throw ApiException.invalid(field, field + " is missing.");
    }
    if (!given.isArray()) {
      throw JsonFields.wrongType(field, given, "an array of strings, or of objects with a text");
    }
    if (given.isEmpty()) {
      throw ApiException.invalid(field, field + " is empty; give it one document at least.");
    }
    List<String> documents = new ArrayList<>(given.size());
    for (int i = 0; i < given.size(); i++) {
      documents.add(document(given.get(i), field + "[" + i + "]"));
    }
    return new RankingInput(field, query, documents);
  }

  private static String document(JsonNode value, String path) {
    if (value instanceof ObjectNode && value.path(TEXT).isTextual()) {
      return JsonFields.string(value.path(TEXT), path + "." + TEXT);
    }
    if (!value.isTextual()) {
      throw JsonFields.wrongType(path, value, "a string, or an object with a text");
    }
    return JsonFields.string(value, path);
  }

  /** The text of a document. */
  public String document(int index) {
    return documents.get(index);
  }

  /**
   * Ranks the documents.
   *
   * @throws ApiException with this field's name, if a text is too long or can't be tokenized
   */
  public Ranking compute(TextReranker reranker, RerankOptions options) {
    try {
      return reranker.rank(query, documents, options);
    } catch (TextTooLongException tooLong) {
      boolean document = !tooLong.parameter().equals(QUERY);
      String advice = document ? Failures.TRUNCATE : Failures.SHORTEN;
      throw Failures.tooLong(tooLong, place(tooLong.parameter()), advice);
    } catch (InvalidRequestException refused) {
      throw ApiException.invalid(place(refused.parameter()), refused.message(this::place));
    }
  }

  /** The queue counts texts, the reranker documents. */
  private String place(String name) {
    return name.replaceFirst("^(?:documents|texts)(?=\\[|$)", field);
  }
}
