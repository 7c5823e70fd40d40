package io.panallama.server;

import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.LibraryLimits;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that are uploaded in parts. */
@Timeout(60)
class UploadsTest {
  private static final String UPLOADS = "/v1/uploads";
  private static final int LIMIT = 1 << 20;
  private static final String TYPE = "multipart/form-data; boundary=x";
  private static final String NONE = "upload_0000000000000000000000aa";

  @TempDir private Path folder;

  private DocumentLibrary library;
  private TestServer server;

  @BeforeEach
  void start() {
    library = DocumentLibrary.open(folder, new WordEmbedder(8).named("words"), new LibraryLimits(LIMIT, 2 * LIMIT));
    server =
        TestServer.start(
            TestServer.config().toBuilder().maxBodyBytes(50_000).build(), ScriptedGenerator.answering("Hello"));
    server.server().serve(library);
  }

  @AfterEach
  void stop() {
    server.close();
    library.close();
  }

  private HttpResponse<String> create(long bytes) {
    return server.post(
        UPLOADS,
        "{\"filename\": \"big.txt\", \"purpose\": \"assistants\", \"mime_type\": \"text/plain\", \"bytes\": "
            + bytes
            + "}");
  }

  private static JsonNode ok(HttpResponse<String> response) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private String created(long bytes) {
    return ok(create(bytes)).path("id").asText();
  }

  private static byte[] form(String name, byte[] content) {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    form.writeBytes(
        ("--x\r\nContent-Disposition: form-data; name=\""
                + name
                + "\"; filename=\"blob\"\r\nContent-Type: application/octet-stream\r\n\r\n")
            .getBytes(UTF_8));
    form.writeBytes(content);
    form.writeBytes("\r\n--x--\r\n".getBytes(UTF_8));
    return form.toByteArray();
  }

  private HttpResponse<String> send(String upload, byte[] form) {
    return server.send(
        server
            .request(UPLOADS + "/" + upload + "/parts")
            .header("Content-Type", TYPE)
            .POST(HttpRequest.BodyPublishers.ofByteArray(form))
            .build());
  }

  private String part(String upload, byte[] content) {
    JsonNode part = ok(send(upload, form("data", content)));
    assertThat(part.path("object").asText()).isEqualTo("upload.part");
    assertThat(part.path("upload_id").asText()).isEqualTo(upload);
    assertThat(part.path("created_at").asLong()).isPositive();
    return part.path("id").asText();
  }

  private String part(String upload, String content) {
    return part(upload, content.getBytes(UTF_8));
  }

  private HttpResponse<String> complete(String upload, String more, String... parts) {
    String ids = Arrays.stream(parts).map(id -> "\"" + id + "\"").collect(Collectors.joining(", "));
    return server.post(UPLOADS + "/" + upload + "/complete", "{\"part_ids\": [" + ids + "]" + more + "}");
  }

  private HttpResponse<String> cancel(String upload) {
    return server.send(
        server.request(UPLOADS + "/" + upload + "/cancel").POST(HttpRequest.BodyPublishers.noBody()).build());
  }

  private List<Path> bytes() throws IOException {
    List<Path> all = new ArrayList<>();
    for (String name : List.of("incoming", "uploads", "files")) {
      try (Stream<Path> paths = Files.walk(folder.resolve(name))) {
        paths.filter(path -> Files.isRegularFile(path) && !path.toString().endsWith(".json")).forEach(all::add);
      }
    }
    return all;
  }

  private static void refused(HttpResponse<String> response, int status, String param) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    assertThat(error(response).path("param").asText()).as(response.body()).isEqualTo(param);
    assertThat(error(response).path("message").asText()).isNotBlank();
  }

  @Test
  void partsBecomeAFileInTheOrderThatIsAskedFor() throws IOException {
    JsonNode upload = ok(create(11));
    String id = upload.path("id").asText();
    assertThat(id).matches("upload_[0-9a-z]{24}");
    assertThat(upload.path("object").asText()).isEqualTo("upload");
    assertThat(upload.path("status").asText()).isEqualTo("pending");
    assertThat(upload.path("bytes").asInt()).isEqualTo(11);
    assertThat(upload.path("filename").asText()).isEqualTo("big.txt");
    assertThat(upload.path("purpose").asText()).isEqualTo("assistants");
    assertThat(upload.path("expires_at").asLong() - upload.path("created_at").asLong()).isEqualTo(3_600);
    assertThat(upload.has("file")).isFalse();

    String world = part(id, "world");
    String again = part(id, "hello ");
    String hello = part(id, "hello ");
    HttpResponse<String> response = complete(id, ", \"md5\": \"5EB63BBBE01EEED093CB22BB8F5ACDC3\"", hello, world);

    JsonNode completed = ok(response);
    assertThat(completed.path("status").asText()).isEqualTo("completed");
    JsonNode file = completed.path("file");
    assertThat(file.path("object").asText()).isEqualTo("file");
    assertThat(file.path("filename").asText()).isEqualTo("big.txt");
    assertThat(file.path("bytes").asInt()).isEqualTo(11);
    assertThat(file).isEqualTo(json(server.get("/v1/files/" + file.path("id").asText()).body()));
    assertThat(server.get("/v1/files/" + file.path("id").asText() + "/content").body()).isEqualTo("hello world");
    assertThat(bytes()).as("parts are deleted").singleElement().asString().endsWith(file.path("id").asText());

    // A client that has not seen the answer asks again.
    assertThat(ok(complete(id, "", hello, world))).isEqualTo(completed);
    refused(complete(id, "", again, world), 400, "upload_id");
    refused(send(id, form("data", new byte[1])), 400, "upload_id");
    refused(cancel(id), 400, "upload_id");
    assertThat(library.files()).hasSize(1);
  }

  @Test
  void partsAreStreamedAndCountTowardsTheLimit() throws IOException {
    byte[] content = new byte[LIMIT];
    new Random(7).nextBytes(content);
    List<String> ids = List.of(created(LIMIT), created(LIMIT));
    String half = "";
    for (String id : ids) {
      half = part(id, Arrays.copyOfRange(content, 0, LIMIT / 2));
      String other = part(id, Arrays.copyOfRange(content, LIMIT / 2, LIMIT));
      if (id.equals(ids.getFirst())) {
        String file = ok(complete(id, "", half, other)).path("file").path("id").asText();
        HttpResponse<byte[]> read =
            server.send(
                server.request("/v1/files/" + file + "/content").build(), HttpResponse.BodyHandlers.ofByteArray());
        assertThat(read.body()).isEqualTo(content);
      }
    }
    String third = created(1);
    HttpResponse<String> full = send(third, form("data", new byte[1]));
    assertThat(full.statusCode()).isEqualTo(507);
    assertThat(error(full).path("message").asText()).contains("--max-files-size");
    assertThat(ok(cancel(ids.getLast())).path("status").asText()).isEqualTo("cancelled");
    assertThat(ok(cancel(ids.getLast())).path("status").asText()).isEqualTo("cancelled");
    ok(complete(third, "", part(third, "x")));
    refused(complete(ids.getLast(), "", half), 400, "upload_id");
    assertThat(bytes()).hasSize(2);
    refused(create(LIMIT + 1L), 413, "bytes");
    String small = created(1_000);
    refused(send(small, form("data", new byte[1_001])), 413, "data");
    assertThat(bytes()).hasSize(2);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '`',
      value = {
        "{\"purpose\": \"a\", \"bytes\": 1}                                                    | filename",
        "{\"filename\": \"a\", \"bytes\": 1}                                                   | purpose",
        "{\"filename\": \"a\", \"purpose\": \"a\"}                                             | bytes",
        "{\"filename\": \"a\", \"purpose\": \" \", \"bytes\": 1}                               | purpose",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 0}                               | bytes",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1.5}                             | bytes",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": \"1\"}                           | bytes",
        "{\"filename\": 5, \"purpose\": \"a\", \"bytes\": 1}                                   | filename",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1, \"mime_type\": 5}             | mime_type",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1, \"expires_after\": 5}         | expires_after",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1, \"expires_after\": {}}        | expires_after.anchor",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1, \"expires_after\": {\"anchor\": \"created_at\"}}"
            + " | expires_after.seconds",
        "{\"filename\": \"a\", \"purpose\": \"a\", \"bytes\": 1, \"expires_after\": {\"anchor\": \"created_at\","
            + " \"seconds\": 0}} | expires_after.seconds",
      })
  void anAnnouncementThatIsWrongSaysWhere(String body, String named) {
    refused(server.post(UPLOADS, body), 400, named);
  }

  @Test
  void aFileThatComesInPartsMayExpire() {
    JsonNode upload =
        ok(
            server.post(
                UPLOADS,
                "{\"filename\": \"../a/b.txt\", \"purpose\": \"user_data\", \"bytes\": 1, \"expires_after\":"
                    + " {\"anchor\": \"created_at\", \"seconds\": 7200}}"));
    String id = upload.path("id").asText();
    JsonNode file = ok(complete(id, "", part(id, "x"))).path("file");
    assertThat(file.path("expires_at").asLong() - file.path("created_at").asLong()).isEqualTo(7_200);
    assertThat(file.path("filename").asText()).isEqualTo("b.txt");
    String named = "{\"filename\": \"" + "x".repeat(2_000) + "\", \"purpose\": \"a\", \"bytes\": 1}";
    refused(server.post(UPLOADS, named), 400, "filename");
  }

  @Test
  void whatIsWrongWithPartsLeavesTheUploadAsItWas() throws IOException {
    String id = created(4);
    String other = part(created(2), "zz");
    String one = part(id, "on");
    String two = part(id, "tw");
    refused(send(id, form("file", new byte[1])), 400, "data");
    refused(send(id, form("data", new byte[0])), 400, "data");
    String twice = new String(form("data", new byte[1]), UTF_8).replace("--x--\r\n", "");
    refused(send(id, (twice + twice + "--x--").getBytes(UTF_8)), 400, "data");
    refused(complete(id, "", one), 400, "part_ids");
    refused(complete(id, ""), 400, "part_ids");
    refused(complete(id, "", one, one), 400, "part_ids[1]");
    refused(complete(id, "", one, other), 400, "part_ids[1]");
    refused(complete(id, "", "../" + one), 400, "part_ids[0]");
    refused(complete(id, ", \"md5\": \"x\"", one, two), 400, "md5");
    refused(complete(id, ", \"md5\": \"5eb63bbbe01eeed093cb22bb8f5acdc3\"", one, two), 400, "md5");
    refused(server.post(UPLOADS + "/" + id + "/complete", "{}"), 400, "part_ids");
    refused(server.post(UPLOADS + "/" + id + "/complete", "{\"part_ids\": [1]}"), 400, "part_ids[0]");
    HttpRequest.Builder json =
        server.request(UPLOADS + "/" + id + "/parts").POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(server.send(json.header("Content-Type", "application/json").build()).statusCode()).isEqualTo(415);
    assertThat(bytes()).hasSize(3);
    String file = ok(complete(id, "", two, one)).path("file").path("id").asText();
    assertThat(server.get("/v1/files/" + file + "/content").body()).isEqualTo("twon");
  }

  @Test
  void anUnknownUploadIsOne() throws IOException {
    for (HttpResponse<String> response :
        List.of(send(NONE, form("data", new byte[1])), complete(NONE, ""), cancel(NONE))) {
      assertThat(response.statusCode()).as(response.body()).isEqualTo(404);
      assertThat(error(response).path("message").asText()).startsWith("No such Upload object: ");
    }
    assertThat(bytes()).isEmpty();
    try (TestServer none = TestServer.start(ScriptedGenerator.answering("Hello"))) {
      assertThat(none.post(UPLOADS, "{}").statusCode()).isEqualTo(501);
      assertThat(none.post(UPLOADS + "/" + NONE + "/complete", "{}").statusCode()).isEqualTo(501);
    }
  }
}
