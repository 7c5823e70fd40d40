package io.panallama.server;

import static io.panallama.server.TestServer.error;
import static io.panallama.server.TestServer.json;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.LibraryLimits;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.Socket;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Uploads, and the files that they become. */
@Timeout(60)
class FilesTest {
  private static final String FILES = "/v1/files";
  private static final int LIMIT = 2 << 20;
  private static final String TYPE = "multipart/form-data; boundary=x";

  @TempDir private Path folder;

  private DocumentLibrary library;
  private TestServer server;

  @BeforeEach
  void start() {
    library = DocumentLibrary.open(folder, new WordEmbedder(8).named("words"), new LibraryLimits(LIMIT, 3 * LIMIT));
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

  private static String field(String name, String value) {
    return "--x\r\nContent-Disposition: form-data; name=\"" + name + "\"\r\n\r\n" + value + "\r\n";
  }

  private static byte[] form(String filename, byte[] content, String... more) {
    ByteArrayOutputStream form = new ByteArrayOutputStream();
    for (int i = 0; i < more.length; i += 2) {
      form.writeBytes(field(more[i], more[i + 1]).getBytes(UTF_8));
    }
    form.writeBytes(
        ("--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\""
                + filename
                + "\"\r\nContent-Type: text/plain\r\n\r\n")
            .getBytes(UTF_8));
    form.writeBytes(content);
    form.writeBytes("\r\n--x--\r\n".getBytes(UTF_8));
    return form.toByteArray();
  }

  private HttpResponse<String> upload(byte[] body, String... headers) {
    HttpRequest.Builder request =
        server.request(FILES).header("Content-Type", TYPE).POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return server.send(request.build());
  }

  private JsonNode stored(String filename, String content) {
    HttpResponse<String> response = upload(form(filename, content.getBytes(UTF_8), "purpose", "assistants"));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private JsonNode get(String path) {
    HttpResponse<String> response = server.get(path);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return json(response.body());
  }

  private HttpResponse<String> delete(String path) {
    return server.send(server.request(path).DELETE().build());
  }

  private static List<String> ids(JsonNode list) {
    List<String> ids = new ArrayList<>();
    list.path("data").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }

  private List<Path> incoming() throws IOException {
    try (Stream<Path> left = Files.list(folder.resolve("incoming"))) {
      return left.toList();
    }
  }

  @Test
  void aFileIsUploadedListedReadAndDeleted() {
    JsonNode file = stored("naïve \\\"quoted\\\" 日本.md", "# Hello\n");
    String id = file.path("id").asText();
    assertThat(id).matches("file-[0-9a-z]{24}");
    assertThat(file.path("object").asText()).isEqualTo("file");
    assertThat(file.path("bytes").asInt()).isEqualTo(8);
    assertThat(file.path("filename").asText()).isEqualTo("naïve \"quoted\" 日本.md");
    assertThat(file.path("purpose").asText()).isEqualTo("assistants");
    assertThat(file.path("status").asText()).isEqualTo("processed");
    assertThat(file.has("expires_at")).isFalse();

    assertThat(get(FILES + "/" + id)).isEqualTo(file);
    assertThat(get("/files/" + id)).isEqualTo(file);
    assertThat(get(FILES).path("data").get(0)).isEqualTo(file);
    HttpResponse<String> content = server.get(FILES + "/" + id + "/content");
    assertThat(content.body()).isEqualTo("# Hello\n");
    assertThat(content.headers().firstValue("Content-Type")).hasValue("application/octet-stream");
    assertThat(content.headers().firstValue("Content-Length")).hasValue("8");
    assertThat(content.headers().firstValue("X-Content-Type-Options")).hasValue("nosniff");
    assertThat(content.headers().firstValue("Content-Disposition"))
        .hasValue("attachment; filename*=UTF-8''na%C3%AFve%20%22quoted%22%20%E6%97%A5%E6%9C%AC.md");

    assertThat(json(delete(FILES + "/" + id).body()))
        .isEqualTo(json("{\"id\":\"" + id + "\",\"object\":\"file\",\"deleted\":true}"));
    assertThat(get(FILES).path("data")).isEmpty();
    HttpResponse<String> gone = server.get(FILES + "/" + id);
    assertThat(gone.statusCode()).isEqualTo(404);
    assertThat(error(gone).path("message").asText()).isEqualTo("No such File object: " + id);
    assertThat(server.get(FILES + "/" + id + "/content").statusCode()).isEqualTo(404);
    assertThat(delete(FILES + "/" + id).statusCode()).isEqualTo(404);
  }

  @Test
  void aFileBeyondTheBodiesOfOtherRoutesIsStreamed() throws IOException {
    byte[] content = new byte[LIMIT];
    new Random(3).nextBytes(content);
    HttpResponse<String> response = upload(form("big.bin", content, "purpose", "user_data"));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    String id = json(response.body()).path("id").asText();
    HttpResponse<byte[]> read =
        server.send(server.request(FILES + "/" + id + "/content").build(), HttpResponse.BodyHandlers.ofByteArray());
    assertThat(read.body()).isEqualTo(content);

    // The same without a length, after the file's own fields, and beyond the limit.
    HttpRequest.Builder chunked =
        server
            .request(FILES)
            .header("Content-Type", TYPE)
            .POST(
                HttpRequest.BodyPublishers.ofInputStream(
                    () -> new ByteArrayInputStream(form("again.bin", content, "purpose", "user_data"))));
    assertThat(server.send(chunked.build()).statusCode()).isEqualTo(200);
    HttpResponse<String> tooLarge = upload(form("big.bin", new byte[LIMIT + 1], "purpose", "user_data"));
    assertThat(tooLarge.statusCode()).isEqualTo(413);
    assertThat(error(tooLarge).path("message").asText()).contains("--max-file-size");
    assertThat(error(tooLarge).path("code").asText()).isEqualTo("file_too_large");
    // So large that its length says enough.
    HttpResponse<String> muchTooLarge =
        upload(form("big.bin", new byte[LIMIT + (1 << 16) + 1], "purpose", "user_data"));
    assertThat(muchTooLarge.statusCode()).isEqualTo(413);
    assertThat(error(muchTooLarge)).isEqualTo(error(tooLarge));
    HttpResponse<String> large = server.post("/v1/vector_stores", "{\"name\":\"" + "x".repeat(60_000) + "\"}");
    assertThat(large.statusCode()).isEqualTo(413);
    assertThat(error(large).path("message").asText()).contains("--max-body");
    assertThat(error(large).path("code").asText()).isEqualTo("body_too_large");
    assertThat(incoming()).isEmpty();
  }

  @Test
  void allFilesTogetherAreLimited() throws IOException {
    for (int i = 0; i < 3; i++) {
      assertThat(upload(form("a.bin", new byte[LIMIT], "purpose", "vision")).statusCode()).isEqualTo(200);
    }
    HttpResponse<String> full = upload(form("b.bin", new byte[1], "purpose", "vision"));
    assertThat(full.statusCode()).isEqualTo(507);
    assertThat(error(full).path("code").asText()).isEqualTo("storage_full");
    assertThat(error(full).path("message").asText()).contains("--max-files-size");
    delete(FILES + "/" + ids(get(FILES)).getFirst());
    assertThat(upload(form("b.bin", new byte[1], "purpose", "vision")).statusCode()).isEqualTo(200);
    assertThat(incoming()).isEmpty();
  }

  @Test
  void partsComeInAnyOrder() {
    String form =
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"a.txt\"\r\n\r\ntext\r\n"
            + field("purpose", "assistants")
            + field("expires_after[anchor]", "created_at")
            + field("expires_after[seconds]", "3600")
            + "--x--";
    JsonNode file = json(upload(form.getBytes(UTF_8)).body());
    assertThat(file.path("expires_at").asLong() - file.path("created_at").asLong()).isEqualTo(3600);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "purpose=assistants                                              | file",
        "file=text                                                       | purpose",
        "purpose=assistants&purpose=again&file=text                      | purpose",
        "purpose= &file=text                                             | purpose",
        "purpose=a&file=text&expires_after[seconds]=x                    | expires_after[seconds]",
        "purpose=a&file=text&expires_after[anchor]=never                 | expires_after[anchor]",
        "purpose=a&file=text&expires_after[anchor]=created_at            | expires_after[seconds]",
        "purpose=a&file=text&expires_after[seconds]=0                    | expires_after[seconds]",
        "file=one&file=two&purpose=a                                     | file",
      })
  void aFormThatIsWrongSaysWhere(String fields, String named) throws IOException {
    StringBuilder form = new StringBuilder();
    for (String entry : fields.strip().split("&")) {
      String[] pair = entry.split("=", 2);
      form.append(field(pair[0], pair[1]));
    }
    HttpResponse<String> response = upload((form + "--x--").getBytes(UTF_8));
    assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
    assertThat(error(response).path("message").asText()).contains(named);
    assertThat(error(response).path("param").asText()).isEqualTo(named);
    assertThat(get(FILES).path("data")).isEmpty();
    assertThat(incoming()).isEmpty();
  }

  @Test
  void whatIsNoFormIsRefused() throws IOException {
    HttpRequest.Builder json =
        server
            .request(FILES)
            .header("Content-Type", "application/json")
            .POST(HttpRequest.BodyPublishers.ofString("{}"));
    assertThat(server.send(json.build()).statusCode()).isEqualTo(415);
    HttpResponse<String> broken = upload("--x\r\nno header".getBytes(UTF_8));
    assertThat(broken.statusCode()).isEqualTo(400);
    assertThat(error(broken).path("code").asText()).isEqualTo("invalid_multipart");
    HttpResponse<String> compressed =
        upload(form("a.txt", "text".getBytes(UTF_8), "purpose", "a"), "Content-Encoding", "gzip");
    assertThat(compressed.statusCode()).isEqualTo(415);
    assertThat(upload(new byte[0]).statusCode()).isEqualTo(400);
    HttpResponse<String> elsewhere =
        server.send(
            server
                .request("/v1/vector_stores")
                .header("Content-Type", TYPE)
                .POST(HttpRequest.BodyPublishers.ofByteArray(form("a", new byte[0])))
                .build());
    assertThat(elsewhere.statusCode()).isEqualTo(415);
    assertThat(incoming()).isEmpty();
  }

  @Test
  void aForeignPageUploadsNothing() {
    byte[] form = form("a.txt", "text".getBytes(UTF_8), "purpose", "a");
    assertThat(upload(form, "Origin", "https://evil.example").statusCode()).isEqualTo(403);
    assertThat(upload(form, "Sec-Fetch-Site", "cross-site").statusCode()).isEqualTo(403);
    assertThat(get(FILES).path("data")).isEmpty();
    assertThat(upload(form, "Origin", "http://localhost:3000").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2})
  void aClientThatLeavesLeavesNothing(int how) throws Exception {
    byte[] form = form("a.txt", new byte[1_000_000], "purpose", "a");
    try (Socket socket =
        server.socket(
            "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: "
                + TYPE
                + "\r\nContent-Length: "
                + form.length
                + "\r\n\r\n")) {
      socket.getOutputStream().write(form, 0, 500_000);
      while (incoming().isEmpty()) {
        Thread.sleep(5);
      }
      if (how == 1) {
        socket.shutdownOutput();
        assertThat(new String(socket.getInputStream().readAllBytes(), UTF_8)).startsWith("HTTP/1.1 400");
      } else if (how == 2) {
        socket.setSoLinger(true, 0);
      }
    }
    server.awaitNoConnections();
    assertThat(incoming()).isEmpty();
    assertThat(library.files()).isEmpty();
  }

  @Test
  void anUploadMayBeAnsweredBeforeItsEndAndTheConnectionEnds() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(
          "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nContent-Type: text/plain\r\nContent-Length: 1000000\r\n\r\n");
      client.send(new byte[100_000]);
      List<RawHttp.Answer> answers = client.readAll();
      assertThat(answers).hasSize(1);
      assertThat(answers.getFirst().status()).isEqualTo(415);
      assertThat(answers.getFirst().closes()).isTrue();
    }
  }

  @Test
  void aClientThatAsksFirstIsAnsweredFirst() throws IOException {
    try (Socket socket =
        server.socket(
            "POST /v1/files HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nConnection: close\r\nContent-Type: "
                + TYPE
                + "\r\nContent-Length: "
                + form("a.txt", new byte[10], "purpose", "a").length
                + "\r\n\r\n")) {
      InputStream in = socket.getInputStream();
      assertThat(new String(in.readNBytes(25), UTF_8)).startsWith("HTTP/1.1 100 Continue");
      socket.getOutputStream().write(form("a.txt", new byte[10], "purpose", "a"));
      assertThat(new String(in.readAllBytes(), UTF_8)).startsWith("HTTP/1.1 200");
    }
  }

  @Test
  void listsHaveOrderAndPages() {
    List<String> all = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      all.add(stored("f" + i + ".txt", "x").path("id").asText());
    }
    assertThat(ids(get(FILES + "?order=asc"))).isEqualTo(all);
    assertThat(ids(get(FILES))).isEqualTo(all.reversed());
    JsonNode page = get(FILES + "?order=asc&limit=2");
    assertThat(ids(page)).isEqualTo(all.subList(0, 2));
    assertThat(page.path("has_more").asBoolean()).isTrue();
    assertThat(page.path("first_id").asText()).isEqualTo(all.get(0));
    assertThat(page.path("last_id").asText()).isEqualTo(all.get(1));
    // What the page ended with may be gone by the time of the next.
    delete(FILES + "/" + all.get(1));
    JsonNode next = get(FILES + "?order=asc&limit=2&after=" + all.get(1));
    assertThat(ids(next)).isEqualTo(all.subList(2, 4));
    JsonNode last = get(FILES + "?order=asc&limit=2&after=" + all.get(3));
    assertThat(ids(last)).isEqualTo(all.subList(4, 5));
    assertThat(last.path("has_more").asBoolean()).isFalse();
    assertThat(ids(get(FILES + "?order=desc&limit=2&after=" + all.get(3)))).containsExactly(all.get(2), all.get(0));
    assertThat(ids(get(FILES + "?order=asc&limit=2&before=" + all.get(4)))).isEqualTo(all.subList(2, 4));
    assertThat(ids(get(FILES + "?purpose=none"))).isEmpty();
    for (String wrong : List.of("limit=0", "limit=x", "order=up", "after=file-x", "limit=10001")) {
      assertThat(server.get(FILES + "?" + wrong).statusCode()).as(wrong).isEqualTo(400);
    }
  }

  @Test
  void aServerWithoutFilesSaysHowToGetThem() {
    try (TestServer none = TestServer.start(ScriptedGenerator.answering("Hello"))) {
      for (String path : List.of(FILES, FILES + "/file-1", "/v1/vector_stores", "/v1/vector_stores/vs_1/files/f")) {
        HttpResponse<String> response = none.get(path);
        assertThat(response.statusCode()).as(path).isEqualTo(501);
        assertThat(error(response).path("code").asText()).isEqualTo("files_not_supported");
        assertThat(error(response).path("message").asText()).contains("--embedding-model", "--no-files");
      }
      assertThat(none.post("/v1/vector_stores", "{}").statusCode()).isEqualTo(501);
      HttpResponse<String> upload =
          none.send(
              none.request(FILES)
                  .header("Content-Type", TYPE)
                  .POST(HttpRequest.BodyPublishers.ofByteArray(form("a", new byte[9], "purpose", "a")))
                  .build());
      assertThat(upload.statusCode()).isEqualTo(501);
    }
    try (TestServer loading = TestServer.startWithoutModel()) {
      assertThat(loading.get(FILES).statusCode()).isEqualTo(503);
    }
  }
}
