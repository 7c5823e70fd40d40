package io.panallama.server.dialect.files;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.search.ingest.ChunkConfig;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.documents.LibraryException;
import io.panallama.server.documents.StoreFile;
import io.panallama.server.documents.VectorStore;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Matcher;
import org.jspecify.annotations.Nullable;

/** The fields of bodies about vector stores. */
final class StoreBody {
  /** OpenAI's bounds of a passage's tokens. */
  private static final IntegerRange CHUNK = IntegerRange.of(100, 4096);

  private static final String ATTRIBUTES = "attributes";
  private static final String EXPIRES = "expires_after";
  private static final String METADATA = "metadata";
  private static final String STATIC = "static";

  private StoreBody() {}

  /** The settings of a vector store, with those of {@code before} where the body has none. */
  static VectorStore.Settings settings(JsonFields body, VectorStore.Settings before) {
    String name = body.string("name");
    JsonFields expires = body.object(EXPIRES);
    // Null clears what was set.
    int days = body.has(EXPIRES) ? 0 : before.expiresAfterDays();
    if (expires != null) {
      expires.choice("anchor", List.of("last_active_at"));
      Integer given = expires.integer("days", IntegerRange.of(1, VectorStore.MAX_DAYS));
      if (given == null) {
        throw missing(expires, "days");
      }
      days = given;
      expires.ignoreUnknown();
    }
    JsonFields given = body.object(METADATA);
    Map<String, String> metadata = given == null && !body.has(METADATA) ? before.metadata() : texts(given);
    return new VectorStore.Settings(name == null ? before.name() : name, metadata, days);
  }

  private static Map<String, String> texts(@Nullable JsonFields given) {
    Map<String, String> texts = new HashMap<>();
    if (given != null) {
      given.forEach((name, value) -> texts.put(name, JsonFields.string(value, given.path(name))));
    }
    return texts;
  }

  private static ApiException missing(JsonFields fields, String name) {
    return ApiException.invalid(
        400, fields.path(name), "missing_required_parameter", fields.path(name) + " is missing.");
  }

  /** The file that a body adds. */
  static StoreFile.Addition addition(JsonFields body) {
    String id = body.string("file_id");
    if (id == null) {
      throw missing(body, "file_id");
    }
    try {
      return new StoreFile.Addition(id, attributes(body), chunks(body));
    } catch (LibraryException refused) {
      String parameter = refused.parameter();
      String message = String.valueOf(refused.getMessage());
      if (parameter == null) {
        throw refused;
      }
      // In a batch, the names begin with the file's place.
      String placed = message.replaceFirst(ATTRIBUTES, Matcher.quoteReplacement(body.path(ATTRIBUTES)));
      throw ApiException.invalid(400, body.path(parameter), "invalid_value", placed);
    }
  }

  /** The files that a body adds, in {@code file_ids} or in {@code files}. */
  static List<StoreFile.Addition> additions(JsonFields body) {
    List<StoreFile.Addition> all = new ArrayList<>();
    Map<String, Object> attributes = attributes(body);
    ChunkConfig chunks = chunks(body);
    for (String id : Objects.requireNonNullElse(body.strings("file_ids"), List.<String>of())) {
      all.add(new StoreFile.Addition(id, attributes, chunks));
    }
    JsonNode files = body.any("files");
    if (files != null && !files.isArray()) {
      throw JsonFields.wrongType(body.path("files"), files, "an array of objects");
    }
    for (int i = 0; files != null && i < files.size(); i++) {
      JsonFields file = body.element(files, i, body.path("files"));
      all.add(addition(file));
      file.ignoreUnknown();
    }
    return all;
  }

  /** The attributes of a body; none if they are absent. */
  static Map<String, Object> attributes(JsonFields body) {
    Map<String, Object> attributes = new HashMap<>();
    JsonFields given = body.object(ATTRIBUTES);
    if (given != null) {
      given.forEach((name, value) -> attributes.put(name, attribute(value, given.path(name))));
    }
    return attributes;
  }

  private static Object attribute(JsonNode value, String path) {
    if (value.isBoolean()) {
      return value.booleanValue();
    }
    if (value.isNumber()) {
      return value.canConvertToExactIntegral() && value.canConvertToLong()
          ? (Object) value.longValue()
          : (Object) value.doubleValue();
    }
    if (!value.isTextual()) {
      throw JsonFields.wrongType(path, value, "a string, a number or a boolean");
    }
    return JsonFields.string(value, path);
  }

  private static ChunkConfig chunks(JsonFields body) {
    JsonFields strategy = body.objectOrEmpty("chunking_strategy");
    String type = strategy.choice("type", List.of("auto", STATIC));
    JsonFields sizes = strategy.object(STATIC);
    strategy.ignoreUnknown();
    if (sizes == null) {
      if (STATIC.equals(type)) {
        throw missing(strategy, STATIC);
      }
      return ChunkConfig.DEFAULT;
    }
    Integer most = sizes.integer("max_chunk_size_tokens", CHUNK);
    if (most == null) {
      throw missing(sizes, "max_chunk_size_tokens");
    }
    Integer overlap = sizes.integer("chunk_overlap_tokens", IntegerRange.of(0, most / 2));
    sizes.ignoreUnknown();
    return new ChunkConfig(most, overlap == null ? most / 8 : overlap);
  }
}
