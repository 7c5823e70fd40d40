package io.panallama.server;

import static io.panallama.server.TestServer.json;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Errors that no dialect's own code makes have the shape that clients of the path's API read. */
class ErrorShapeTest {
  private static TestServer server;
  private static TestServer empty;

  @BeforeAll
  static void start() {
    server =
        TestServer.start(
            TestServer.config().toBuilder().maxBodyBytes(10_000).build(), ScriptedGenerator.answering("hi"));
    empty = TestServer.startWithoutModel();
  }

  @AfterAll
  static void stop() {
    server.close();
    empty.close();
  }

  /** Who reads the error: by the type of its parts. */
  private static String shape(String body) {
    JsonNode error = json(body);
    if (error.path("type").asText().equals("error") && error.path("error").has("type") && error.has("request_id")) {
      return "anthropic";
    }
    if (error.path("error").isTextual()) {
      return "ollama";
    }
    return error.path("error").path("code").isNumber()
        ? "llama.cpp"
        : error.path("error").has("param") ? "openai" : "?";
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/messages/batches, anthropic",
    "/v1/messages/batches/msg_1/results, anthropic",
    "/messages/none, anthropic",
    "/v1//messages/none/, anthropic",
    "/api/none, ollama",
    "/api, ollama",
    "/api/chat/none, ollama",
    "/v1/api/none, ollama",
    "/v1/chat/none, openai",
    "/v1/responses/a/b/c, openai",
    "/v1/batches, openai",
    "/slots/1, llama.cpp",
    "/infill/none, llama.cpp",
    "/none, openai",
    "/, openai",
  })
  void anUnknownPathHasTheShapeOfItsNeighbours(String path, String shape) {
    HttpResponse<String> response = server.post(path, "{}");
    assertThat(response.statusCode()).isIn(404, 405);
    assertThat(shape(response.body())).as(response.body()).isEqualTo(shape);
  }

  @Test
  void anUnknownPathOfAnthropicsClientsIsKnownByTheirHeader() {
    HttpResponse<String> response =
        server.send(server.request("/v1/batches").header("anthropic-version", "2023-06-01").GET().build());
    assertThat(response.statusCode()).isEqualTo(404);
    assertThat(shape(response.body())).isEqualTo("anthropic");
    assertThat(json(response.body()).at("/error/type").asText()).isEqualTo("not_found_error");
  }

  private static final List<String> PATHS =
      List.of("/v1/messages", "/api/chat", "/v1/chat/completions", "/completion", "/v1/responses");

  private static String owner(String path) {
    return switch (path) {
      case "/v1/messages" -> "anthropic";
      case "/api/chat" -> "ollama";
      case "/completion" -> "llama.cpp";
      default -> "openai";
    };
  }

  @Test
  void everyErrorOutsideOfAHandlerHasTheShapeOfItsPath() throws IOException {
    for (String path : PATHS) {
      assertShape(path, 405, server.send(server.request(path).GET().build()));
      assertShape(path, 400, server.post(path, "{"));
      assertShape(path, 413, server.post(path, " ".repeat(20_000)));
      assertShape(path, 503, empty.post(path, "{}"));
      HttpRequest form =
          server
              .request(path)
              .header("Content-Type", "multipart/form-data; boundary=x")
              .POST(HttpRequest.BodyPublishers.ofString("x"))
              .build();
      assertShape(path, 415, server.send(form));
      HttpRequest foreign =
          server
              .request(path)
              .header("Origin", "https://evil.example")
              .POST(HttpRequest.BodyPublishers.ofString("{}"))
              .build();
      assertShape(path, 403, server.send(foreign));
      assertRawShape(path, 400, "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n");
      assertRawShape(
          path, 431, "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nX: " + "x".repeat(20_000) + "\r\n\r\n");
      assertRawShape(path, 417, "POST " + path + " HTTP/1.1\r\nHost: localhost\r\nExpect: tea\r\n\r\n");
      assertRawShape(
          path + "?q=" + "x".repeat(9_000), 414, "POST " + path + "?q=" + "x".repeat(9_000) + " HTTP/1.1\r\n");
    }
  }

  private static void assertShape(String path, int status, HttpResponse<String> response) {
    assertThat(response.statusCode()).as(path + " " + response.body()).isEqualTo(status);
    assertThat(shape(response.body())).as(path + " " + status + " " + response.body()).isEqualTo(owner(path));
  }

  private static void assertRawShape(String path, int status, String request) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(request);
      RawHttp.Answer answer = client.readAll().getFirst();
      assertThat(answer.status()).as(path).isEqualTo(status);
      int query = path.indexOf('?');
      assertThat(shape(answer.body()))
          .as(path + " " + status + " " + answer.body())
          .isEqualTo(owner(query < 0 ? path : path.substring(0, query)));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "/v1/embeddings, openai, embeddings",
    "/embeddings, llama.cpp, embeddings",
    "/embedding, llama.cpp, embeddings",
    "/v1/rerank, llama.cpp, rank documents",
    "/rerank, llama.cpp, rank documents",
    "/v1/reranking, llama.cpp, rank documents",
    "/reranking, llama.cpp, rank documents",
    "/classify, llama.cpp, labels",
    "/api/embed, ollama, embeddings",
    "/api/embeddings, ollama, embeddings",
    "/v1/moderations, openai, text only",
    "/v1/audio/speech, openai, text only",
    "/v1/audio/transcriptions, openai, text only",
    "/v1/images/generations, openai, text only",
    "/v1/images/edits, openai, text only",
  })
  void whatATextModelDoesNotDoIsNamed(String path, String shape, String what) {
    HttpResponse<String> response = server.post(path, "{\"input\": \"text\"}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(501);
    assertThat(shape(response.body())).as(response.body()).isEqualTo(shape);
    assertThat(response.body()).contains(what);
    assertThat(response.headers().firstValue("Retry-After")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(strings = {"/v1/audio/transcriptions", "/v1/images/edits"})
  void formsAreToldTheTruthToo(String path) {
    HttpRequest form =
        server
            .request(path)
            .header("Content-Type", "multipart/form-data; boundary=x")
            .POST(HttpRequest.BodyPublishers.ofString("--x--", StandardCharsets.UTF_8))
            .build();
    assertThat(server.send(form).body()).contains("text only");
  }
}
