package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.documents.FoundPassage;
import java.util.List;

/** The passages that a search in files found, as its item has them. */
final class SearchResults {
  private static final ObjectMapper JSON = new ObjectMapper();

  private SearchResults() {}

  static ArrayNode of(List<FoundPassage> found) {
    ArrayNode results = Items.array();
    for (FoundPassage passage : found) {
      ObjectNode result =
          Items.object()
              .put("file_id", passage.fileId())
              .put("filename", passage.filename())
              .put("score", passage.score())
              .put("text", passage.text());
      result.set("attributes", JSON.valueToTree(passage.attributes()));
      results.add(result);
    }
    return results;
  }
}
