package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Arrays;
import java.util.zip.Deflater;
import java.util.zip.DeflaterOutputStream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What a body may be called, and how it may be compressed. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
@Timeout(60)
class RequestBodyTest {
  private static final int LIMIT = 100_000;

  private final TestServer server =
      TestServer.start(
          TestServer.config().toBuilder().maxBodyBytes(LIMIT).build(), ScriptedGenerator.answering("Hello"));

  @AfterAll
  void stop() {
    server.close();
  }

  private HttpResponse<String> post(byte[] body, String... headers) {
    HttpRequest.Builder request = server.request(CHAT).POST(HttpRequest.BodyPublishers.ofByteArray(body));
    if (headers.length > 0) {
      request.headers(headers);
    }
    return server.send(request.build());
  }

  private static byte[] gzip(byte[] body) {
    return compressed(body, "gzip");
  }

  private static byte[] compressed(byte[] body, String form) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (OutputStream out =
        switch (form) {
          case "gzip" -> new GZIPOutputStream(bytes);
          case "zlib" -> new DeflaterOutputStream(bytes);
          case "raw" -> new DeflaterOutputStream(bytes, new Deflater(Deflater.BEST_COMPRESSION, true));
          default -> throw new IllegalArgumentException(form);
        }) {
      out.write(body);
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return bytes.toByteArray();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "application/json",
        "application/json; charset=utf-8",
        "Application/JSON;charset=\"UTF-8\"",
        "application/vnd.api+json",
        "text/json",
        "text/plain",
        "text/plain;charset=UTF-8",
        "application/octet-stream",
        "application/x-www-form-urlencoded",
        "*/*",
        "json",
        ""
      })
  void jsonIsTakenWhateverItIsCalled(String type) {
    HttpResponse<String> response = post(HELLO.getBytes(UTF_8), "Content-Type", type);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    assertThat(response.body()).contains("\"content\":\"Hello\"");
  }

  @Test
  void jsonIsTakenWithoutAType() {
    assertThat(post(HELLO.getBytes(UTF_8)).statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(strings = {"multipart/form-data; boundary=x", "Multipart/Mixed", "text/html", "text/html;charset=utf-8"})
  void whatOnlyFormsSendIsRefused(String type) {
    HttpResponse<String> response = post(HELLO.getBytes(UTF_8), "Content-Type", type);
    assertError(response, 415, "unsupported_media_type", "must be JSON");
  }

  @ParameterizedTest
  @CsvSource({
    "gzip, gzip",
    "x-gzip, gzip",
    "GZip, gzip",
    "deflate, zlib",
    "deflate, raw",
    "'identity, gzip', gzip",
    "'gzip, identity', gzip"
  })
  void aCompressedBodyIsRead(String coding, String form) {
    HttpResponse<String> response = post(compressed(HELLO.getBytes(UTF_8), form), "Content-Encoding", coding);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
  }

  @Test
  void aBodyMayBeCompressedTwice() {
    assertThat(post(gzip(compressed(HELLO.getBytes(UTF_8), "zlib")), "Content-Encoding", "deflate, gzip").statusCode())
        .isEqualTo(200);
    assertError(
        post(HELLO.getBytes(UTF_8), "Content-Encoding", "gzip, gzip, gzip"),
        415,
        "unsupported_content_encoding",
        "gzip");
  }

  @ParameterizedTest
  @ValueSource(strings = {"br", "zstd", "compress", "gzip, br", "aes128gcm"})
  void anotherCodingIsRefusedWithThoseThatAreTaken(String coding) {
    HttpResponse<String> response = post(HELLO.getBytes(UTF_8), "Content-Encoding", coding);
    assertError(response, 415, "unsupported_content_encoding", "gzip, deflate");
    assertThat(response.headers().firstValue("Accept-Encoding")).hasValue("gzip, deflate");
  }

  /** The limit holds for the decompressed size, however small the body is. */
  @Test
  void aBodyThatIsTooLargeDecompressedIs413() {
    String most = HELLO + " ".repeat(LIMIT - HELLO.length());
    assertThat(post(gzip(most.getBytes(UTF_8)), "Content-Encoding", "gzip").statusCode()).isEqualTo(200);
    byte[] more = gzip((most + " ").getBytes(UTF_8));
    assertError(post(more, "Content-Encoding", "gzip"), 413, "body_too_large", "100000 bytes");
    byte[] bomb = gzip(new byte[64 << 20]);
    assertThat(bomb.length).isLessThan(LIMIT);
    assertError(post(bomb, "Content-Encoding", "gzip"), 413, "body_too_large", "100000 bytes");
    assertError(post(gzip(bomb), "Content-Encoding", "gzip, gzip"), 413, "body_too_large", "100000 bytes");
  }

  @ParameterizedTest
  @ValueSource(strings = {"gzip", "deflate"})
  void aBrokenBodyIs400(String coding) {
    byte[] whole = compressed(HELLO.getBytes(UTF_8), coding.equals("gzip") ? "gzip" : "zlib");
    assertError(post(Arrays.copyOf(whole, 20), "Content-Encoding", coding), 400, "invalid_content_encoding", coding);
    assertError(post(HELLO.getBytes(UTF_8), "Content-Encoding", coding), 400, "invalid_content_encoding", coding);
  }

  private static void assertError(HttpResponse<String> response, int status, String code, String message) {
    assertThat(response.statusCode()).as(response.body()).isEqualTo(status);
    JsonNode error = TestServer.error(response);
    assertThat(error.path("code").asText()).isEqualTo(code);
    assertThat(error.path("message").asText()).contains(message);
  }
}
