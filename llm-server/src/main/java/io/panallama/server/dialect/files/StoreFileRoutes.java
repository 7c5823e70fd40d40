package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.FileBatch;
import io.panallama.server.documents.FileState;
import io.panallama.server.documents.StoreFile;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/** The files of a vector store, and the batches in which they are added. */
final class StoreFileRoutes {
  private static final ListPage.Kind<StoreFile> KIND =
      new ListPage.Kind<>(StoreFile::fileId, StoreFile::created, StoreFileRoutes::write);

  /** When a client that waits for files should ask again; OpenAI's SDKs follow it. */
  private static final String POLL = "openai-poll-after-ms";

  private static final String POLL_MILLISECONDS = "500";

  private StoreFileRoutes() {}

  /** The ids in a path: of the vector store, and of what is in it. */
  private record Target(String store, String id) {
    static Target of(ClientRequest request) {
      String[] ids = request.rest().split("/", 2);
      return new Target(ids[0], ids[1]);
    }
  }

  static Answer create(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    StoreFile.Addition addition = StoreBody.addition(body);
    body.ignoreUnknown();
    return answer(library.addFile(request.rest(), addition));
  }

  static Answer list(ClientRequest request, Registry registry) {
    return page(request, Libraries.find(registry).storeFiles(request.rest()));
  }

  private static Answer page(ClientRequest request, List<StoreFile> files) {
    Optional<FileState> wanted = request.query("filter").map(StoreFileRoutes::state);
    List<StoreFile> all = files.stream().filter(file -> wanted.isEmpty() || wanted.get() == file.state()).toList();
    return ListPage.of(request, all, KIND, Libraries.PAGE, Libraries.MAX_PAGE).answer(KIND);
  }

  private static FileState state(String given) {
    for (FileState state : FileState.values()) {
      if (name(state).equals(given)) {
        return state;
      }
    }
    String names = Arrays.stream(FileState.values()).map(StoreFileRoutes::name).collect(Collectors.joining(", "));
    throw ListPage.wrong("filter", given, "one of " + names);
  }

  private static String name(Enum<?> word) {
    return word.name().toLowerCase(Locale.ROOT);
  }

  static Answer retrieve(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    return answer(Libraries.find(registry).storeFile(target.store(), target.id()));
  }

  static Answer change(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    Map<String, Object> attributes = StoreBody.attributes(body);
    body.ignoreUnknown();
    return answer(library.changeAttributes(target.store(), target.id(), attributes));
  }

  static Answer delete(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    Libraries.find(registry).removeFile(target.store(), target.id());
    return Libraries.deleted(target.id(), "vector_store.file.deleted");
  }

  static Answer content(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    List<String> passages = Libraries.find(registry).passages(target.store(), target.id());
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("object", "vector_store.file_content.page");
          json.writeArrayFieldStart("data");
          for (String passage : passages) {
            Libraries.text(json, passage);
          }
          json.writeEndArray();
          json.writeBooleanField("has_more", false);
          json.writeNullField("next_page");
        }));
  }

  static Answer createBatch(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    JsonFields body = JsonBody.read(request);
    List<StoreFile.Addition> additions = StoreBody.additions(body);
    body.ignoreUnknown();
    if (additions.isEmpty()) {
      throw ApiException.invalid("file_ids", "The batch has no files; name them in file_ids or in files.");
    }
    return answer(library.addBatch(request.rest(), additions));
  }

  static Answer retrieveBatch(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    return answer(Libraries.find(registry).batch(target.store(), target.id()));
  }

  static Answer cancelBatch(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    return answer(Libraries.find(registry).cancelBatch(target.store(), target.id()));
  }

  static Answer listBatch(ClientRequest request, Registry registry) {
    Target target = Target.of(request);
    return page(request, Libraries.find(registry).batchFiles(target.store(), target.id()));
  }

  private static Answer answer(FileBatch batch) {
    String status = batch.files().inProgress() > 0 ? "in_progress" : batch.cancelled() ? "cancelled" : "completed";
    return Answer.json(
            Json.object(json -> {
              json.writeStringField("id", batch.id());
              json.writeStringField("object", "vector_store.files_batch");
              json.writeNumberField("created_at", Libraries.seconds(batch.created()));
              json.writeStringField("vector_store_id", batch.storeId());
              json.writeStringField("status", status);
              StoreRoutes.counts(json, batch.files());
            }))
        .withHeader(POLL, POLL_MILLISECONDS);
  }

  private static Answer answer(StoreFile file) {
    return Answer.json(Json.object(json -> fields(json, file))).withHeader(POLL, POLL_MILLISECONDS);
  }

  private static void write(JsonGenerator json, StoreFile file) throws IOException {
    json.writeStartObject();
    fields(json, file);
    json.writeEndObject();
  }

  private static void fields(JsonGenerator json, StoreFile file) throws IOException {
    json.writeStringField("id", file.fileId());
    json.writeStringField("object", "vector_store.file");
    json.writeNumberField("usage_bytes", file.usageBytes());
    json.writeNumberField("created_at", Libraries.seconds(file.created()));
    json.writeStringField("vector_store_id", file.storeId());
    json.writeStringField("status", name(file.state()));
    if (file.error().isPresent()) {
      json.writeObjectFieldStart("last_error");
      json.writeStringField("code", name(file.error().get().kind()));
      json.writeStringField("message", file.error().get().message());
      json.writeEndObject();
    } else {
      json.writeNullField("last_error");
    }
    json.writeObjectFieldStart("chunking_strategy");
    json.writeStringField("type", "static");
    json.writeObjectFieldStart("static");
    json.writeNumberField("max_chunk_size_tokens", file.addition().chunks().maxTokens());
    json.writeNumberField("chunk_overlap_tokens", file.addition().chunks().overlapTokens());
    json.writeEndObject();
    json.writeEndObject();
    Libraries.attributes(json, file.addition().attributes());
  }
}
