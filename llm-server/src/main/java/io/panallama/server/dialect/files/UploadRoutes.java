package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.IntegerRange;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonBody;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.documents.IncomingPart;
import io.panallama.server.documents.StoredFile;
import io.panallama.server.documents.Upload;
import io.panallama.server.documents.UploadPart;
import io.panallama.server.documents.Uploads;
import io.panallama.server.multipart.MultipartReader;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** {@code /v1/uploads}: files that come in parts. */
final class UploadRoutes {
  private static final int MAX_FIELD = 1 << 10;
  private static final String BYTES = "bytes";
  private static final String DATA = "data";
  private static final String PURPOSE = "purpose";
  private static final String FILENAME = "filename";

  private UploadRoutes() {}

  private static Uploads uploads(Registry registry) {
    return Libraries.find(registry).uploads();
  }

  static Answer create(ClientRequest request, Registry registry) {
    Uploads uploads = uploads(registry);
    JsonFields body = JsonBody.read(request);
    String filename = required(body, FILENAME, body.string(FILENAME));
    String purpose = required(body, PURPOSE, body.string(PURPOSE));
    long bytes = required(body, BYTES, body.nearestLong(BYTES));
    OptionalLong seconds = seconds(body.object("expires_after"));
    // Files are read by their names' endings.
    body.string("mime_type");
    body.ignoreUnknown();
    return answer(uploads.create(new Upload.Announcement(filename, purpose, bytes, seconds)));
  }

  private static <T> T required(JsonFields body, String name, @Nullable T value) {
    if (value == null) {
      throw ApiException.invalid(400, body.path(name), "missing_required_parameter", body.path(name) + " is missing.");
    }
    return value;
  }

  private static OptionalLong seconds(@Nullable JsonFields expires) {
    if (expires == null) {
      return OptionalLong.empty();
    }
    required(expires, "anchor", expires.choice("anchor", List.of("created_at")));
    Integer seconds = expires.integer("seconds", IntegerRange.of(1, StoredFile.MAX_SECONDS));
    expires.ignoreUnknown();
    return OptionalLong.of(required(expires, "seconds", seconds));
  }

  static Answer addPart(ClientRequest request, InputStream body, Registry registry) throws IOException {
    try (IncomingPart incoming = uploads(registry).receive(request.rest())) {
      MultipartReader parts = Forms.read(request, body, "A part must be sent as {} with the field data.");
      boolean found = false;
      for (Optional<MultipartReader.Part> next = parts.next(); next.isPresent(); next = parts.next()) {
        MultipartReader.Part part = next.get();
        if (!part.name().equals(DATA)) {
          part.text(MAX_FIELD);
          request.ignored().unknown(part.name());
        } else if (found) {
          throw ApiException.invalid(DATA, "The form has data twice; send parts one by one.");
        } else {
          found = true;
          Forms.copy(part, incoming::write);
        }
      }
      if (!found) {
        throw ApiException.invalid(DATA, "data is missing: the form has no field of that name.");
      }
      UploadPart kept = incoming.keep();
      return Answer.json(
          Json.object(json -> {
            json.writeStringField("id", kept.id());
            json.writeStringField("object", "upload.part");
            json.writeNumberField("created_at", Libraries.seconds(kept.created()));
            json.writeStringField("upload_id", kept.uploadId());
          }));
    }
  }

  static Answer complete(ClientRequest request, Registry registry) {
    Uploads uploads = uploads(registry);
    JsonFields body = JsonBody.read(request);
    List<String> parts = required(body, "part_ids", body.strings("part_ids"));
    Optional<String> md5 = Optional.ofNullable(body.string("md5"));
    body.ignoreUnknown();
    return answer(uploads.complete(request.rest(), parts, md5));
  }

  static Answer cancel(ClientRequest request, Registry registry) {
    return answer(uploads(registry).cancel(request.rest()));
  }

  private static Answer answer(Upload upload) {
    return Answer.json(Json.object(json -> fields(json, upload)));
  }

  private static void fields(JsonGenerator json, Upload upload) throws IOException {
    json.writeStringField("id", upload.id());
    json.writeStringField("object", "upload");
    json.writeNumberField(BYTES, upload.announcement().bytes());
    json.writeNumberField("created_at", Libraries.seconds(upload.created()));
    json.writeStringField(FILENAME, upload.announcement().filename());
    json.writeStringField(PURPOSE, upload.announcement().purpose());
    json.writeStringField("status", upload.state().name().toLowerCase(Locale.ROOT));
    json.writeNumberField("expires_at", upload.expiresAt());
    if (upload.file().isPresent()) {
      json.writeFieldName("file");
      FileRoutes.write(json, upload.file().get());
    }
  }
}
