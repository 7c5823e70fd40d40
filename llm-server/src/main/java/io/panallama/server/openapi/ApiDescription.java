package io.panallama.server.openapi;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.helidon.webserver.http.Handler;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.http.StaticContent;
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

  private final StaticContent document;

  /**
   * The description of a server that speaks these dialects. A dialect that has no resource is left out.
   * The document is put together when it is first asked for.
   */
  public ApiDescription(List<Dialect> dialects) {
    List<String> names = dialects.stream().map(Dialect::name).toList();
    document =
        StaticContent.text("application/json", () -> assemble(names).toString().getBytes(StandardCharsets.UTF_8));
  }

  @Override
  public void handle(ServerRequest request, ServerResponse response) {
    document.handle(request, response);
  }

  private static ObjectNode assemble(List<String> dialects) {
    ObjectNode all =
        load("server").orElseThrow(() -> new IllegalStateException("server.json is missing from the jar."));
    for (String dialect : dialects) {
      load(dialect).ifPresent(part -> merge(all, part));
    }
    return all;
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
