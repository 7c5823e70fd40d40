package io.panallama.server.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.http.HeaderNames;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Dialect;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** Answers with the OpenAPI document of the server's routes and those of its dialects. Immutable. */
public final class ApiDescription implements Handler {
  /** Where the document is. */
  public static final String PATH = "/openapi.json";

  private static final ObjectMapper JSON = new ObjectMapper();

  private final byte[] document;

  /** The description of a server that speaks these dialects. A dialect that has no resource is left out. */
  public ApiDescription(List<Dialect> dialects) {
    ObjectNode all =
        load("server").orElseThrow(() -> new IllegalStateException("server.json is missing from the jar."));
    for (Dialect dialect : dialects) {
      load(dialect.name()).ifPresent(part -> merge(all, part));
    }
    document = all.toString().getBytes(StandardCharsets.UTF_8);
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    response.header(HeaderNames.CONTENT_TYPE, "application/json");
    response.header(HeaderNames.CACHE_CONTROL, "no-cache");
    response.send(document);
  }

  /** Adds the members of objects and the elements of arrays, at any depth. */
  private static void merge(ObjectNode into, ObjectNode part) {
    for (Map.Entry<String, JsonNode> entry : part.properties()) {
      JsonNode there = into.get(entry.getKey());
      switch (there) {
        case ObjectNode object when entry.getValue() instanceof ObjectNode more -> merge(object, more);
        case ArrayNode array when entry.getValue() instanceof ArrayNode more -> array.addAll(more);
        case null, default -> into.set(entry.getKey(), entry.getValue());
      }
    }
  }

  private static Optional<ObjectNode> load(String name) {
    try (InputStream in = ApiDescription.class.getResourceAsStream(name + ".json")) {
      return in == null ? Optional.empty() : Optional.of((ObjectNode) JSON.readTree(in));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
