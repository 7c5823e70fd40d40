package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.fasterxml.jackson.databind.node.TextNode;
import io.panallama.TextReranker;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.TextTooLongException;
import io.panallama.scoring.Ranking;
import io.panallama.scoring.RerankOptions;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Failures;
import java.util.ArrayList;
import java.util.List;

/**
 * The query and the documents of a request for a ranking: texts, or objects with a text, as Jina and Cohere have them. Cohere's
 * {@code rank_fields} names the fields of the objects that are read, one after the other, in place of the text.
 */
public final class RankingInput {
  /** Cohere's name for the fields of documents that are read. */
  public static final String RANK_FIELDS = "rank_fields";

  private static final String QUERY = "query";
  private static final String TEXT = "text";

  private final String field;
  private final String query;
  private final List<Document> documents;

  /**
   * A document.
   *
   * @param json what the client sent, a plain text as an object that has it
   */
  private record Document(String text, String json) {}

  private RankingInput(String field, String query, List<Document> documents) {
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
    List<String> named = body.strings(RANK_FIELDS);
    List<String> read = named == null || named.isEmpty() ? List.of(TEXT) : named;
    List<Document> documents = new ArrayList<>(given.size());
    for (int i = 0; i < given.size(); i++) {
      documents.add(document(given.get(i), field + "[" + i + "]", read));
    }
    return new RankingInput(field, query, documents);
  }

  private static Document document(JsonNode value, String path, List<String> names) {
    if (value.isTextual()) {
      String text = JsonFields.string(value, path);
      return new Document(text, JsonNodeFactory.instance.objectNode().put(TEXT, text).toString());
    }
    boolean usual = names.equals(List.of(TEXT));
    if (!(value instanceof ObjectNode) || usual && !value.path(TEXT).isTextual()) {
      throw JsonFields.wrongType(path, value, "a string, or an object with " + (usual ? "a text" : RANK_FIELDS));
    }
    List<String> texts = new ArrayList<>();
    for (String name : names) {
      JsonNode part = value.path(name);
      if (!part.isMissingNode() && !part.isNull()) {
        texts.add(part.isTextual() ? JsonFields.string(part, path + "." + name) : part.toString());
      }
    }
    return new Document(PartTexts.lines(texts), JsonFields.string(TextNode.valueOf(value.toString()), path));
  }

  /** The text of a document that is ranked. */
  public String text(int index) {
    return documents.get(index).text();
  }

  /** A document as the client sent it, a plain text as an object that has it; as JSON. */
  public String json(int index) {
    return documents.get(index).json();
  }

  /**
   * Ranks the documents.
   *
   * @throws ApiException with this field's name, if a text is too long or can't be tokenized
   */
  public Ranking compute(TextReranker reranker, RerankOptions options) {
    try {
      return reranker.rank(query, documents.stream().map(Document::text).toList(), options);
    } catch (TextTooLongException tooLong) {
      boolean document = !tooLong.parameter().equals(QUERY);
      String advice = document ? Failures.TRUNCATE : Failures.SHORTEN;
      throw Failures.tooLong(tooLong, place(tooLong.parameter()), advice);
    } catch (InvalidRequestException refused) {
      throw ApiException.invalid(place(refused.parameter()), refused.message(this::place));
    }
  }

  /** The tokens of all documents, each with the query and as far as the reranker takes it; those around them are left out. */
  public long countTokens(TextReranker reranker) {
    long asked = reranker.countTokens(query);
    return documents.stream()
        .mapToLong(document -> Math.min(asked + reranker.countTokens(document.text()), reranker.maxTokens()))
        .sum();
  }

  /** The queue counts texts, the reranker documents. */
  private String place(String name) {
    return name.replaceFirst("^(?:documents|texts)(?=\\[|$)", field);
  }
}
