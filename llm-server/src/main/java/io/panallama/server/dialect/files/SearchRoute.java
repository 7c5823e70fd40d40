package io.panallama.server.dialect.files;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.search.query.Filter;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.AttributeFilters;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.dialect.fields.RankingOptions;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.FoundPassage;
import io.panallama.server.registry.Registry;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** {@code POST /v1/vector_stores/{id}/search}. */
final class SearchRoute {
  private static final int RESULTS = 10;
  private static final int MAX_RESULTS = 50;
  private static final int MAX_QUERIES = 16;
  private static final String QUERY = "query";

  private SearchRoute() {}

  static Answer answer(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    List<String> queries = queries(body);
    Integer given = body.integer("max_num_results", IntegerRange.of(1, MAX_RESULTS));
    int limit = given == null ? RESULTS : given;
    Optional<Filter> filter = AttributeFilters.read(body, "filters");
    double threshold = RankingOptions.read(body).scoreThreshold();
    if (body.bool("rewrite_query")) {
      body.ignored().unsupported("rewrite_query", "This server searches with the query as it is.");
    }
    body.ignoreUnknown();
    request.release();
    List<FoundPassage> found =
        registry.running(() -> search(library, request.rest(), queries, limit, filter, threshold));
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("object", "vector_store.search_results.page");
          json.writeArrayFieldStart("search_query");
          for (String query : queries) {
            json.writeString(query);
          }
          json.writeEndArray();
          json.writeArrayFieldStart("data");
          for (FoundPassage passage : found) {
            json.writeStartObject();
            json.writeStringField("file_id", passage.fileId());
            json.writeStringField("filename", passage.filename());
            json.writeNumberField("score", passage.score());
            Libraries.attributes(json, passage.attributes());
            json.writeArrayFieldStart("content");
            Libraries.text(json, passage.text());
            json.writeEndArray();
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeBooleanField("has_more", false);
          json.writeNullField("next_page");
        }));
  }

  private static List<String> queries(JsonFields body) {
    JsonNode query = body.any(QUERY);
    if (query == null) {
      throw ApiException.invalid(400, QUERY, "missing_required_parameter", "query is missing.");
    }
    if (query.isTextual()) {
      return List.of(checked(JsonFields.string(query, QUERY), QUERY));
    }
    List<String> queries = query.isArray() ? body.strings(QUERY) : null;
    if (queries == null) {
      throw JsonFields.wrongType(QUERY, query, "a string or an array of strings");
    }
    if (queries.isEmpty() || queries.size() > MAX_QUERIES) {
      throw ApiException.invalid(
          QUERY, "query has " + queries.size() + " texts; 1 to " + MAX_QUERIES + " are allowed.");
    }
    for (int i = 0; i < queries.size(); i++) {
      checked(queries.get(i), QUERY + "[" + i + "]");
    }
    return queries;
  }

  private static String checked(String query, String path) {
    if (query.isBlank() || query.length() > DocumentLibrary.MAX_QUERY) {
      throw ApiException.invalid(
          400,
          path,
          "invalid_value",
          path
              + " has "
              + query.length()
              + " characters; it must have 1 to "
              + DocumentLibrary.MAX_QUERY
              + " and not be blank.");
    }
    return query;
  }

  /** The best of each query, then the second best of each, and so on; each passage once. */
  private static List<FoundPassage> search(
      DocumentLibrary library,
      String storeId,
      List<String> queries,
      int limit,
      Optional<Filter> filter,
      double threshold) {
    List<List<FoundPassage>> rankings = new ArrayList<>();
    for (String query : queries) {
      rankings.add(library.search(List.of(storeId), query, limit, filter, threshold));
    }
    record Place(String fileId, String text) {}
    Set<Place> seen = new LinkedHashSet<>();
    List<FoundPassage> merged = new ArrayList<>();
    for (int place = 0; place < limit; place++) {
      for (List<FoundPassage> ranking : rankings) {
        if (place < ranking.size() && merged.size() < limit) {
          FoundPassage passage = ranking.get(place);
          if (seen.add(new Place(passage.fileId(), passage.text()))) {
            merged.add(passage);
          }
        }
      }
    }
    return merged;
  }
}
