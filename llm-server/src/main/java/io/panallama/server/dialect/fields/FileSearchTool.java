package io.panallama.server.dialect.fields;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.search.query.Filter;
import io.panallama.server.dialect.ApiException;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Optional;
import java.util.stream.StreamSupport;
import org.jspecify.annotations.Nullable;

/**
 * The tool {@code file_search} of a request, which the server runs itself. Immutable.
 *
 * @param stores the ids of the vector stores to search, at least one
 * @param limit the most passages
 * @param filter which files are considered
 * @param scoreThreshold the least score of a passage, 0 to 1
 * @param path where the ids stand in the body
 */
public record FileSearchTool(
    List<String> stores, int limit, Optional<Filter> filter, double scoreThreshold, String path) {
  /** The type of the tool. */
  public static final String TYPE = "file_search";

  private static final String TOOLS = "tools";
  private static final String CHOICE = "tool_choice";
  private static final String STORES = "vector_store_ids";

  /** The most vector stores of a request. */
  private static final int MOST_STORES = 16;

  /** The most passages, and how many there are without a number. */
  private static final IntegerRange RESULTS = IntegerRange.of(1, 50);

  private static final int DEFAULT_RESULTS = 10;

  /** All components are required. */
  public FileSearchTool {
    stores = List.copyOf(stores);
  }

  /**
   * Reads the tool from {@code tools}, and whether {@code tool_choice} leaves it to be used: not if that is {@code none}, a function, or
   * a list of tools without it.
   *
   * @return empty if it is not to be used
   * @throws ApiException if a part of it is wrong, there are two, or it is chosen and not there
   */
  public static Optional<FileSearchTool> read(JsonFields body) {
    JsonNode array = body.any(TOOLS);
    FileSearchTool found = null;
    for (int i = 0; array != null && array.isArray() && i < array.size(); i++) {
      if (isOne(array.get(i))) {
        JsonFields fields = body.element(array, i, TOOLS);
        if (found != null) {
          throw ApiException.invalid(
              fields.path("type"),
              fields.path("type") + " is \"" + TYPE + "\" a second time; list all vector stores in one tool.");
        }
        found = tool(fields);
      }
    }
    JsonNode choice = body.any(CHOICE);
    if (found == null && choice != null && isOne(choice)) {
      throw ApiException.invalid(CHOICE, CHOICE + " is \"" + TYPE + "\", which is none of the tools.");
    }
    return isWanted(choice) ? Optional.ofNullable(found) : Optional.empty();
  }

  /** Whether a tool, or a choice, is of this type. */
  public static boolean isOne(JsonNode tool) {
    return TYPE.equals(tool.path("type").textValue());
  }

  private static boolean isWanted(@Nullable JsonNode choice) {
    if (choice == null) {
      return true;
    }
    String mode = choice.isObject() ? choice.path("type").asText() : choice.asText();
    if (mode.equals(ChatTools.ALLOWED_TOOLS)) {
      JsonNode inner = choice.path(ChatTools.ALLOWED_TOOLS);
      JsonNode allowed = (inner.isObject() ? inner : choice).path(TOOLS);
      return StreamSupport.stream(allowed.spliterator(), false).anyMatch(FileSearchTool::isOne);
    }
    return !mode.equals("none") && !mode.equals("function");
  }

  /** The fields stand in the tool itself or, as a function's do in chats, in an object inside of it. */
  private static FileSearchTool tool(JsonFields tool) {
    tool.accept("type");
    JsonFields inner = tool.object(TYPE);
    JsonFields fields = inner == null ? tool : inner;
    String path = fields.path(STORES);
    List<String> stores = fields.strings(STORES);
    if (stores == null) {
      throw ApiException.invalid(400, path, "missing_required_parameter", path + " is missing.");
    }
    List<String> distinct = new ArrayList<>(new LinkedHashSet<>(stores));
    if (distinct.isEmpty() || distinct.size() > MOST_STORES) {
      throw ApiException.invalid(
          path, path + " has " + distinct.size() + " ids; 1 to " + MOST_STORES + " are allowed.");
    }
    Integer limit = fields.integer("max_num_results", RESULTS);
    Optional<Filter> filter = AttributeFilters.read(fields, "filters");
    double threshold = RankingOptions.read(fields).scoreThreshold();
    fields.ignoreUnknown();
    tool.ignoreUnknown();
    return new FileSearchTool(distinct, limit == null ? DEFAULT_RESULTS : limit, filter, threshold, path);
  }
}
