package io.panallama.server.documents;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.search.ingest.ChunkConfig;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** What the files of a {@link LibraryFolder} say of files, uploads, vector stores and batches. */
final class LibraryJson {
  private static final System.Logger LOG = System.getLogger(LibraryJson.class.getName());
  private static final ObjectMapper JSON = new ObjectMapper();

  private LibraryJson() {}

  /** A vector store as it is kept, with the model that its index is made with. */
  record KeptStore(long created, VectorStore.Settings settings, long lastActiveAt, String model) {}

  /** A batch as it is kept; its files name it. */
  record KeptBatch(String id, long created, boolean cancelled) {}

  /**
   * An upload as it is kept.
   *
   * @param completion what it has become; null unless it is completed
   */
  record KeptUpload(
      String id, long created, Upload.Announcement announcement, @Nullable Completion completion, boolean cancelled) {
    KeptUpload completed(Completion by) {
      return new KeptUpload(id, created, announcement, by, false);
    }

    KeptUpload cancel() {
      return new KeptUpload(id, created, announcement, null, true);
    }

    KeptUpload pending() {
      return new KeptUpload(id, created, announcement, null, false);
    }
  }

  /**
   * What an upload has become.
   *
   * @param partsHash tells requests apart that name other parts
   * @param md5 the MD5 sum of the file
   */
  record Completion(String fileId, String partsHash, String md5) {}

  /** Reads one of these. */
  interface Reader<T> {
    T read(JsonNode json);
  }

  /** The value of a small file; empty if there is none, or it is damaged, which is logged. */
  static <T> Optional<T> read(String what, byte @Nullable [] bytes, Reader<T> reader) {
    if (bytes == null) {
      return Optional.empty();
    }
    try {
      return Optional.of(reader.read(JSON.readTree(bytes)));
    } catch (IOException | RuntimeException damaged) {
      LOG.log(System.Logger.Level.WARNING, what + " is damaged and is left out: " + damaged.getMessage());
      return Optional.empty();
    }
  }

  private static byte[] bytes(ObjectNode json) {
    return json.toString().getBytes(StandardCharsets.UTF_8);
  }

  static byte[] file(StoredFile file) {
    ObjectNode json = JSON.createObjectNode();
    json.put("filename", file.filename());
    json.put("purpose", file.purpose());
    json.put("bytes", file.bytes());
    json.put("created", file.created());
    file.expiresAt().ifPresent(seconds -> json.put("expires_at", seconds));
    return bytes(json);
  }

  static StoredFile file(String id, JsonNode json) {
    JsonNode expires = json.path("expires_at");
    return new StoredFile(
        id,
        required(json, "filename").textValue(),
        required(json, "purpose").textValue(),
        required(json, "bytes").longValue(),
        required(json, "created").longValue(),
        expires.isMissingNode() ? OptionalLong.empty() : OptionalLong.of(expires.longValue()));
  }

  static byte[] store(KeptStore store) {
    ObjectNode json = JSON.createObjectNode();
    json.put("created", store.created());
    json.put("name", store.settings().name());
    ObjectNode metadata = json.putObject("metadata");
    store.settings().metadata().forEach(metadata::put);
    json.put("expires_after_days", store.settings().expiresAfterDays());
    json.put("last_active_at", store.lastActiveAt());
    json.put("model", store.model());
    return bytes(json);
  }

  static KeptStore store(JsonNode json) {
    Map<String, String> metadata = new HashMap<>();
    required(json, "metadata").properties().forEach(entry -> metadata.put(entry.getKey(), entry.getValue().asText()));
    return new KeptStore(
        required(json, "created").longValue(),
        new VectorStore.Settings(
            required(json, "name").textValue(), metadata, required(json, "expires_after_days").intValue()),
        required(json, "last_active_at").longValue(),
        required(json, "model").textValue());
  }

  static byte[] batch(KeptBatch batch) {
    ObjectNode json = JSON.createObjectNode();
    json.put("created", batch.created());
    json.put("cancelled", batch.cancelled());
    return bytes(json);
  }

  static KeptBatch batch(String id, JsonNode json) {
    return new KeptBatch(id, required(json, "created").longValue(), required(json, "cancelled").booleanValue());
  }

  static byte[] upload(KeptUpload upload) {
    ObjectNode json = JSON.createObjectNode();
    json.put("created", upload.created());
    json.put("filename", upload.announcement().filename());
    json.put("purpose", upload.announcement().purpose());
    json.put("bytes", upload.announcement().bytes());
    upload.announcement().secondsToKeep().ifPresent(seconds -> json.put("seconds_to_keep", seconds));
    json.put("cancelled", upload.cancelled());
    Completion completion = upload.completion();
    if (completion != null) {
      json.put("file", completion.fileId());
      json.put("parts_hash", completion.partsHash());
      json.put("md5", completion.md5());
    }
    return bytes(json);
  }

  static KeptUpload upload(String id, JsonNode json) {
    JsonNode seconds = json.path("seconds_to_keep");
    return new KeptUpload(
        id,
        required(json, "created").longValue(),
        new Upload.Announcement(
            required(json, "filename").textValue(),
            required(json, "purpose").textValue(),
            required(json, "bytes").longValue(),
            seconds.isMissingNode() ? OptionalLong.empty() : OptionalLong.of(seconds.longValue())),
        json.has("file") ? completion(json) : null,
        required(json, "cancelled").booleanValue());
  }

  private static Completion completion(JsonNode json) {
    return new Completion(
        required(json, "file").textValue(),
        required(json, "parts_hash").textValue(),
        required(json, "md5").textValue());
  }

  static byte[] entry(StoreFile file) {
    ObjectNode json = JSON.createObjectNode();
    json.put("created", file.created());
    json.put("state", file.state().name());
    file.error()
        .ifPresent(error -> {
          json.put("error", error.kind().name());
          json.put("message", error.message());
        });
    json.put("usage_bytes", file.usageBytes());
    file.batch().ifPresent(batch -> json.put("batch", batch));
    json.put("max_tokens", file.addition().chunks().maxTokens());
    json.put("overlap_tokens", file.addition().chunks().overlapTokens());
    ObjectNode attributes = json.putObject("attributes");
    file.addition().attributes().forEach((name, value) -> attributes.set(name, JSON.valueToTree(value)));
    return bytes(json);
  }

  static StoreFile entry(String storeId, String fileId, JsonNode json) {
    Map<String, Object> attributes = new HashMap<>();
    required(json, "attributes")
        .properties()
        .forEach(entry -> attributes.put(entry.getKey(), attribute(entry.getValue())));
    JsonNode error = json.path("error");
    JsonNode batch = json.path("batch");
    return new StoreFile(
        storeId,
        fileId,
        required(json, "created").longValue(),
        new StoreFile.Addition(
            fileId,
            attributes,
            new ChunkConfig(required(json, "max_tokens").intValue(), required(json, "overlap_tokens").intValue())),
        FileState.valueOf(required(json, "state").textValue()),
        error.isMissingNode()
            ? null
            : new FileError(FileError.Kind.valueOf(error.textValue()), required(json, "message").textValue()),
        required(json, "usage_bytes").longValue(),
        batch.isMissingNode() ? null : batch.textValue());
  }

  private static Object attribute(JsonNode value) {
    return switch (value.getNodeType()) {
      case BOOLEAN -> value.booleanValue();
      case NUMBER -> value.isIntegralNumber() ? (Object) value.longValue() : (Object) value.doubleValue();
      default -> value.asText();
    };
  }

  private static JsonNode required(JsonNode json, String name) {
    JsonNode value = json.get(name);
    if (value == null) {
      throw new IllegalArgumentException(name + " is missing");
    }
    return value;
  }
}
