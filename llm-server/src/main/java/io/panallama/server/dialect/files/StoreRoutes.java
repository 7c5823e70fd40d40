package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.FileCounts;
import io.panallama.server.documents.StoreFile;
import io.panallama.server.documents.VectorStore;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.List;
import java.util.Map;

/** {@code /v1/vector_stores} and the stores themselves. */
final class StoreRoutes {
  private static final ListPage.Kind<VectorStore> KIND =
      new ListPage.Kind<>(VectorStore::id, VectorStore::created, StoreRoutes::write);

  private static final VectorStore.Settings NONE = new VectorStore.Settings("", Map.of(), 0);

  private StoreRoutes() {}

  static Answer create(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    VectorStore.Settings settings = StoreBody.settings(body, NONE);
    List<StoreFile.Addition> additions = StoreBody.additions(body);
    body.ignoreUnknown();
    return answer(library.createStore(settings, additions));
  }

  static Answer list(ClientRequest request, Registry registry) {
    List<VectorStore> all = Libraries.find(registry).stores();
    return ListPage.of(request, all, KIND, Libraries.PAGE, Libraries.MAX_PAGE).answer(KIND);
  }

  static Answer retrieve(ClientRequest request, Registry registry) {
    return answer(Libraries.find(registry).store(request.rest()));
  }

  static Answer change(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    // What a strict server refuses must have no effect.
    StoreBody.settings(body, NONE);
    body.ignoreUnknown();
    return answer(library.changeStore(request.rest(), before -> StoreBody.settings(body, before)));
  }

  static Answer delete(ClientRequest request, Registry registry) {
    Libraries.find(registry).deleteStore(request.rest());
    return Libraries.deleted(request.rest(), "vector_store.deleted");
  }

  private static Answer answer(VectorStore store) {
    return Answer.json(Json.object(json -> fields(json, store)));
  }

  private static void write(JsonGenerator json, VectorStore store) throws IOException {
    json.writeStartObject();
    fields(json, store);
    json.writeEndObject();
  }

  private static void fields(JsonGenerator json, VectorStore store) throws IOException {
    json.writeStringField("id", store.id());
    json.writeStringField("object", "vector_store");
    json.writeNumberField("created_at", Libraries.seconds(store.created()));
    json.writeStringField("name", store.settings().name());
    json.writeNumberField("usage_bytes", store.usageBytes());
    counts(json, store.files());
    json.writeStringField("status", status(store));
    if (store.expiresAt().isPresent()) {
      json.writeObjectFieldStart("expires_after");
      json.writeStringField("anchor", "last_active_at");
      json.writeNumberField("days", store.settings().expiresAfterDays());
      json.writeEndObject();
      json.writeNumberField("expires_at", store.expiresAt().getAsLong());
    } else {
      json.writeNullField("expires_after");
      json.writeNullField("expires_at");
    }
    json.writeNumberField("last_active_at", store.lastActiveAt());
    json.writeObjectFieldStart("metadata");
    for (Map.Entry<String, String> entry : store.settings().metadata().entrySet()) {
      json.writeStringField(entry.getKey(), entry.getValue());
    }
    json.writeEndObject();
  }

  private static String status(VectorStore store) {
    if (store.expired()) {
      return "expired";
    }
    return store.files().inProgress() > 0 ? "in_progress" : "completed";
  }

  static void counts(JsonGenerator json, FileCounts counts) throws IOException {
    json.writeObjectFieldStart("file_counts");
    json.writeNumberField("in_progress", counts.inProgress());
    json.writeNumberField("completed", counts.completed());
    json.writeNumberField("failed", counts.failed());
    json.writeNumberField("cancelled", counts.cancelled());
    json.writeNumberField("total", counts.total());
    json.writeEndObject();
  }
}
