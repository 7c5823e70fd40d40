package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.IncomingFile;
import io.panallama.server.documents.StoredFile;
import io.panallama.server.multipart.MultipartReader;
import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.io.InputStream;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import org.jspecify.annotations.Nullable;

/** {@code /v1/files}. */
final class FileRoutes {
  private static final ListPage.Kind<StoredFile> KIND =
      new ListPage.Kind<>(StoredFile::id, StoredFile::created, FileRoutes::write);

  private static final int PAGE = 10_000;
  private static final int MAX_FIELD = 1 << 10;
  private static final String FILE = "file";
  private static final String PURPOSE = "purpose";
  private static final String ANCHOR = "expires_after[anchor]";
  private static final String SECONDS = "expires_after[seconds]";

  private FileRoutes() {}

  /** Stores a file. Its parts may come in any order. */
  static Answer upload(ClientRequest request, InputStream body, Registry registry) throws IOException {
    DocumentLibrary library = Libraries.find(registry);
    Map<String, String> fields = new HashMap<>();
    try (IncomingFile incoming = library.receive()) {
      String filename = null;
      MultipartReader parts = Forms.read(request, body, "A file must be sent as {} with the fields file and purpose.");
      for (Optional<MultipartReader.Part> next = parts.next(); next.isPresent(); next = parts.next()) {
        MultipartReader.Part part = next.get();
        if (part.name().equals(FILE)) {
          if (filename != null) {
            throw ApiException.invalid(FILE, "The form has two files; send them one by one.");
          }
          filename = part.filename().orElse(FILE);
          Forms.copy(part, incoming::write);
        } else if (fields.putIfAbsent(part.name(), part.text(MAX_FIELD)) != null) {
          throw ApiException.invalid(part.name(), "The form has the field " + part.name() + " twice.");
        }
      }
      if (filename == null) {
        throw ApiException.invalid(FILE, "file is missing: the form has no field of that name.");
      }
      String purpose = fields.remove(PURPOSE);
      if (purpose == null) {
        throw ApiException.invalid(PURPOSE, "purpose is missing; it says what the file is for, such as assistants.");
      }
      OptionalLong seconds = seconds(fields.remove(ANCHOR), fields.remove(SECONDS));
      fields.keySet().forEach(request.ignored()::unknown);
      StoredFile file = incoming.keep(filename, purpose, seconds);
      return Answer.json(Json.object(json -> fields(json, file)));
    }
  }

  private static OptionalLong seconds(@Nullable String anchor, @Nullable String seconds) {
    if (anchor == null && seconds == null) {
      return OptionalLong.empty();
    }
    if (anchor != null && !anchor.equals("created_at")) {
      throw ListPage.wrong(ANCHOR, anchor, "\"created_at\"");
    }
    if (seconds == null || !seconds.matches("\\d{1,10}")) {
      throw ListPage.wrong(SECONDS, String.valueOf(seconds), "a whole number of seconds");
    }
    return OptionalLong.of(Long.parseLong(seconds));
  }

  static Answer list(ClientRequest request, Registry registry) {
    Optional<String> purpose = request.query(PURPOSE);
    List<StoredFile> files =
        Libraries.find(registry).files().stream()
            .filter(file -> purpose.isEmpty() || purpose.get().equals(file.purpose()))
            .toList();
    return ListPage.of(request, files, KIND, PAGE, PAGE).answer(KIND);
  }

  static Answer retrieve(ClientRequest request, Registry registry) {
    StoredFile file = Libraries.find(registry).file(request.rest());
    return Answer.json(Json.object(json -> fields(json, file)));
  }

  static Answer delete(ClientRequest request, Registry registry) {
    Libraries.find(registry).deleteFile(request.rest());
    return Libraries.deleted(request.rest(), FILE);
  }

  /**
   * The bytes. Whatever the file is, a browser must not show it: a page among the files would have the rights of the server's own.
   */
  static Answer content(ClientRequest request, Registry registry) {
    DocumentLibrary library = Libraries.find(registry);
    StoredFile file = library.file(request.rest());
    String name = URLEncoder.encode(file.filename(), StandardCharsets.UTF_8).replace("+", "%20").replace("*", "%2A");
    Answer.Content content =
        new Answer.Content() {
          @Override
          public long length() {
            return file.bytes();
          }

          @Override
          public InputStream open() {
            return library.content(file.id());
          }
        };
    return Answer.of("application/octet-stream", content)
        .withHeader("Content-Disposition", "attachment; filename*=UTF-8''" + name)
        .withHeader("X-Content-Type-Options", "nosniff")
        .withHeader("Content-Security-Policy", "sandbox");
  }

  static void write(JsonGenerator json, StoredFile file) throws IOException {
    json.writeStartObject();
    fields(json, file);
    json.writeEndObject();
  }

  private static void fields(JsonGenerator json, StoredFile file) throws IOException {
    json.writeStringField("id", file.id());
    json.writeStringField("object", FILE);
    json.writeNumberField("bytes", file.bytes());
    json.writeNumberField("created_at", Libraries.seconds(file.created()));
    if (file.expiresAt().isPresent()) {
      json.writeNumberField("expires_at", file.expiresAt().getAsLong());
    }
    json.writeStringField("filename", file.filename());
    json.writeStringField(PURPOSE, file.purpose());
    json.writeStringField("status", "processed");
  }
}
