package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static io.panallama.server.TestServer.HELLO;
import static io.panallama.server.TestServer.HELLO_STREAM;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.generation.FinishReason;
import io.panallama.server.RawHttp2.Answer;
import io.panallama.server.RawHttp2.Frame;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** HTTP/2 without encryption, by prior knowledge. */
class Http2Test {
  private static final int INITIAL_WINDOW_SIZE = 4;

  private static final int PROTOCOL_ERROR = 1;
  private static final int FLOW_CONTROL_ERROR = 3;
  private static final int REFUSED_STREAM = 7;
  private static final int CANCEL = 8;
  private static final int ENHANCE_YOUR_CALM = 11;

  private final ScriptedGenerator generator = new ScriptedGenerator();
  private TestServer server = TestServer.start(generator);

  @AfterEach
  void close() {
    server.close();
  }

  private void restart(ServerConfig.Builder config) {
    server.close();
    server = TestServer.start(config.port(0).shutdownGrace(Duration.ofMillis(100)).build(), generator);
  }

  private RawHttp2 connect(int... settings) throws IOException {
    return new RawHttp2(server.server().port(), settings);
  }

  private void answerAll(String text) {
    generator.playing(script -> {
      script.say(text);
      script.finish(FinishReason.STOP);
    });
  }

  @ParameterizedTest
  @ValueSource(strings = {"/health", "/v1/models", "/", "/none", "/v1/models/", "/a%20b?c=%5B"})
  void aGetIsAnsweredAsInHttp1(String path) throws IOException {
    HttpResponse<String> old = server.get(path);
    try (RawHttp2 client = connect()) {
      client.get(1, path);
      Answer answer = client.answer(1);
      assertThat(answer.status()).isEqualTo(old.statusCode());
      assertThat(answer.body()).isEqualTo(old.body());
      assertThat(answer.headers()).containsKeys("x-request-id", "date").doesNotContainKeys("connection");
      assertThat(answer.headers().get("content-type"))
          .isEqualTo(old.headers().firstValue("Content-Type").orElseThrow());
      client.send(RawHttp2.HEADERS, RawHttp2.END_STREAM | RawHttp2.END_HEADERS, 3, RawHttp2.request("HEAD", path));
      Answer head = client.answer(3);
      assertThat(head.status()).isEqualTo(old.statusCode());
      assertThat(head.body()).isEmpty();
      assertThat(head.headers()).containsEntry("content-length", answer.headers().get("content-length"));
    }
  }

  @Test
  void aStreamComesTokenByToken() throws Exception {
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();
      assertThat(RawHttp2.fields(client.read(RawHttp2.HEADERS).payload()))
          .containsEntry(":status", "200")
          .containsEntry("content-type", "text/event-stream")
          .doesNotContainKey("transfer-encoding");
      for (String token : new String[] {"one", "two"}) {
        script.say(token);
        String text = "";
        while (!text.contains(token)) {
          text = new String(client.read(RawHttp2.DATA).payload(), StandardCharsets.UTF_8);
        }
        assertThat(text).startsWith("data: {").endsWith("}\n\n");
      }
      script.finish(FinishReason.STOP);
      assertThat(client.answer(1).body()).endsWith("data: [DONE]\n\n");
      client.get(3, "/health");
      assertThat(client.answer(3).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n",
        "Connection: Upgrade\r\nUpgrade: websocket\r\n"
      })
  void aWishToUpgradeIsAnsweredInHttp1(String fields) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n" + fields + "\r\n");
      assertThat(client.read().status()).isEqualTo(200);
    }
  }

  @Test
  void http2DoesNotBeginInTheMiddleOfAConnection() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n" + RawHttp2.PREFACE);
      assertThat(client.read().status()).isEqualTo(200);
      assertThat(client.read().status()).isEqualTo(505);
    }
  }

  @Test
  void aResetCancelsItsGenerationAndNoOther() throws Exception {
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO_STREAM);
      ScriptedGenerator.Script first = generator.next();
      client.post(3, CHAT, HELLO);
      ScriptedGenerator.Script second = generator.next();
      client.reset(1);
      assertThat(first.awaitCancel()).isTrue();
      second.say("still");
      second.finish(FinishReason.STOP);
      assertThat(client.answer(3).body()).contains("still");
      assertThat(second.isCancelled()).isFalse();
    }
  }

  @Test
  void aConnectionThatEndsCancelsAll() throws Exception {
    ScriptedGenerator.Script first;
    ScriptedGenerator.Script second;
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO_STREAM);
      first = generator.next();
      client.post(3, CHAT, HELLO);
      second = generator.next();
    }
    assertThat(first.awaitCancel()).isTrue();
    assertThat(second.awaitCancel()).isTrue();
    server.awaitNoConnections();
  }

  @Test
  void aStreamThatIsNotReadHoldsUpNoOtherAndIsEnded() throws Exception {
    restart(TestServer.config().toBuilder().writeTimeout(Duration.ofSeconds(1)));
    try (RawHttp2 client = connect(INITIAL_WINDOW_SIZE, 100)) {
      client.get(1, "/openapi.json");
      client.get(3, "/health");
      assertThat(client.answer(3).body()).isEqualTo("{\"status\":\"ok\"}");
      Frame reset = client.read(RawHttp2.RST_STREAM);
      assertThat(reset.stream()).isOne();
      assertThat(reset.error()).isEqualTo(CANCEL);
      client.get(5, "/health");
      assertThat(client.answer(5).status()).isEqualTo(200);
    }
  }

  @Test
  void aBodyLeavesAsTheWindowsGrow() throws IOException {
    String document = server.get("/openapi.json").body();
    try (RawHttp2 client = connect(INITIAL_WINDOW_SIZE, 10)) {
      client.get(1, "/openapi.json");
      assertThat(client.read(RawHttp2.DATA).payload()).hasSize(10);
      client.send(RawHttp2.WINDOW_UPDATE, 0, 1, RawHttp2.number(1_000_000));
      client.send(RawHttp2.WINDOW_UPDATE, 0, 0, RawHttp2.number(1_000_000));
      assertThat(client.answer(1).body()).isEqualTo(document.substring(10));
      client.send(RawHttp2.WINDOW_UPDATE, 0, 1, RawHttp2.number(1_000_000));
      client.get(3, "/health");
      client.send(RawHttp2.SETTINGS, 0, 0, new byte[] {0, INITIAL_WINDOW_SIZE, 0, 0, 3, 0});
      assertThat(client.answer(3).body()).isEqualTo("{\"status\":\"ok\"}");
    }
  }

  @Test
  void bodiesMayHaveNoLengthBePaddedCompressedOrEndWithTrailers() throws IOException {
    answerAll("hi");
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO);
      assertThat(client.answer(1).body()).contains("\"hi\"");
      client.post(3, CHAT, HELLO, "content-length", Integer.toString(HELLO.length()));
      assertThat(client.answer(3).body()).contains("\"hi\"");
      ByteArrayOutputStream packed = new ByteArrayOutputStream();
      try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
        gzip.write(HELLO.getBytes(StandardCharsets.UTF_8));
      }
      client.post(5, CHAT, packed.toByteArray(), "content-encoding", "gzip");
      assertThat(client.answer(5).body()).contains("\"hi\"");
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 7, RawHttp2.request("POST", CHAT));
      client.send(RawHttp2.DATA, 8, 7, ("\4" + HELLO.substring(0, 9) + "    ").getBytes(StandardCharsets.US_ASCII));
      client.send(RawHttp2.DATA, 0, 7, HELLO.substring(9).getBytes(StandardCharsets.US_ASCII));
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS | RawHttp2.END_STREAM, 7, RawHttp2.block("x-checksum", "1"));
      assertThat(client.answer(7).body()).contains("\"hi\"");
    }
  }

  @Test
  void aClientThatWaitsForLeaveGetsIt() throws IOException {
    answerAll("hi");
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, RawHttp2.request("POST", CHAT, "expect", "100-continue"));
      assertThat(RawHttp2.fields(client.read(RawHttp2.HEADERS).payload())).containsEntry(":status", "100");
      client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 1, HELLO.getBytes(StandardCharsets.US_ASCII));
      assertThat(client.answer(1).status()).isEqualTo(200);
    }
  }

  @Test
  void aBodyThatIsTooLargeIsRefusedAndTheConnectionGoesOn() throws IOException {
    restart(TestServer.config().toBuilder().maxBodyBytes(50_000));
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, RawHttp2.request("POST", CHAT));
      for (int i = 0; i < 4; i++) {
        client.send(RawHttp2.DATA, 0, 1, new byte[16_000]);
      }
      Answer refused = client.answer(1);
      assertThat(refused.status()).isEqualTo(413);
      assertThat(refused.body()).contains("50000 bytes");
      client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 1, new byte[0]);
      client.get(3, "/health");
      assertThat(client.answer(3).status()).isEqualTo(200);
    }
  }

  @Test
  void aRequestThatDoesNotComeInTimeIsRefused() throws IOException {
    restart(TestServer.config().toBuilder().requestTimeout(Duration.ofSeconds(1)));
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, RawHttp2.request("POST", CHAT));
      assertThat(client.answer(1).status()).isEqualTo(408);
      client.get(3, "/health");
      assertThat(client.answer(3).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          :method=GET,:scheme=http,:path=/health,:authority=localhost,Upper=case
          :method=GET,:scheme=http,:path=/health,:authority=localhost,connection=close
          :method=GET,:scheme=http,:path=/health,:authority=localhost,transfer-encoding=chunked
          :method=GET,:scheme=http,:path=/health,:authority=localhost,upgrade=h2c
          :method=GET,:scheme=http,:path=/health,:authority=localhost,te=gzip
          :method=GET,:scheme=http,:path=/health,:authority=localhost,x=a\\r\\nhost: other
          :method=GET,:scheme=http,:path=/health,:authority=localhost,x=a\\0b
          :method=GET,:scheme=http,:path=/health,:authority=localhost,content-length:5=x
          :method=GET,:scheme=http,:path=/health,:authority=localhost,host=other
          :method=GET,:scheme=http,:path=/health,:authority=localhost,content-length=5
          :method=GET,:scheme=http,:path=/health HTTP/1.1\\r\\nx: y,:authority=localhost
          :method=GET,:scheme=http,:path=/health,:path=/health,:authority=localhost
          :method=GET,:scheme=http,:path=/health,x=y,:authority=localhost
          :method=GET,:scheme=http,:path=/health,:authority=localhost,:status=200
          :method=GET,:scheme=http,:authority=localhost
          :scheme=http,:path=/health,:authority=localhost
          :method=GET,:path=/health,:authority=localhost
          """)
  void aMalformedRequestEndsItsStreamOnly(String fields) throws IOException {
    String[] texts = fields.replace("\\r", "\r").replace("\\n", "\n").replace("\\0", "\0").split("[=,]");
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_STREAM | RawHttp2.END_HEADERS, 1, RawHttp2.block(texts));
      assertThat(client.answer(1).error()).isEqualTo(PROTOCOL_ERROR);
      client.get(3, "/health");
      assertThat(client.answer(3).status()).isEqualTo(200);
    }
  }

  @Test
  void whatHttp1RefusesIsRefusedInItsWords() throws IOException {
    try (RawHttp2 client = connect()) {
      client.get(1, "/a%zz");
      assertThat(client.answer(1)).extracting(Answer::status).isEqualTo(400);
      client.get(3, "/" + "a".repeat(9000));
      assertThat(client.answer(3)).extracting(Answer::status).isEqualTo(414);
      client.send(RawHttp2.HEADERS, RawHttp2.END_STREAM, 5, RawHttp2.request("GET", "/health", "x", "y".repeat(9000)));
      client.send(RawHttp2.CONTINUATION, RawHttp2.END_HEADERS, 5, RawHttp2.block("z", "y".repeat(9000)));
      assertThat(client.answer(5)).extracting(Answer::status).isEqualTo(431);
      client.get(7, "/v1/models", "origin", "https://evil.example");
      assertThat(client.answer(7)).extracting(Answer::status).isEqualTo(403);
      client.get(9, "/v1/models", "origin", "http://localhost:3000");
      assertThat(client.answer(9).headers()).containsEntry("access-control-allow-origin", "http://localhost:3000");
      client.send(
          RawHttp2.HEADERS,
          RawHttp2.END_STREAM | RawHttp2.END_HEADERS,
          11,
          RawHttp2.block(":method", "CONNECT", ":authority", "localhost:443"));
      assertThat(client.answer(11)).extracting(Answer::status).isEqualTo(405);
    }
  }

  @Test
  void aBodyOfAnotherLengthThanAnnouncedEndsItsStream() throws IOException {
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO, "content-length", Integer.toString(HELLO.length() - 1));
      assertThat(client.answer(1).error()).isEqualTo(PROTOCOL_ERROR);
      client.post(3, CHAT, HELLO, "content-length", Integer.toString(HELLO.length() + 1));
      assertThat(client.answer(3).error()).isEqualTo(PROTOCOL_ERROR);
      client.get(5, "/health");
      assertThat(client.answer(5).status()).isEqualTo(200);
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0, 0, 0, x, 1", // DATA on no stream
    "0, 0, 1, x, 1", // DATA on a stream that has not begun
    "1, 5, 2, x, 1", // HEADERS on an even stream
    "1, 5, 0, x, 1", // HEADERS on no stream
    "1, 13, 1, x, 1", // padding beyond the frame
    "1, 5, 1, \\x80, 9", // entry 0 of the table
    "1, 5, 1, \\xFF\\xFF\\xFF\\xFF\\x7F, 9", // a number without end
    "1, 5, 1, \\x3F\\xE2\\x1F, 9", // a table of 4097 bytes
    "2, 0, 1, x, 6", // PRIORITY of one byte
    "3, 0, 1, xxxx, 1", // RST_STREAM on a stream that has not begun
    "3, 0, 0, xxxx, 1",
    "3, 0, 1, x, 6",
    "4, 0, 1, '', 1", // SETTINGS on a stream
    "4, 0, 0, x, 6",
    "4, 1, 0, xxxxxx, 6",
    "4, 0, 0, \\0\\2\\0\\0\\0\\2, 1", // ENABLE_PUSH 2
    "4, 0, 0, \\0\\4\\x80\\0\\0\\0, 3", // INITIAL_WINDOW_SIZE above 2^31-1
    "4, 0, 0, \\0\\5\\0\\0\\0\\1, 1", // MAX_FRAME_SIZE 1
    "5, 4, 1, xxxx, 1", // PUSH_PROMISE
    "6, 0, 0, x, 6",
    "6, 0, 1, xxxxxxxx, 1",
    "8, 0, 0, \\0\\0\\0\\0, 1", // WINDOW_UPDATE of 0
    "8, 0, 0, \\x7F\\xFF\\xFF\\xFF, 3",
    "8, 0, 1, \\0\\0\\0\\1, 1",
    "9, 4, 1, x, 1" // CONTINUATION of nothing
  })
  void aBreachOfTheProtocolEndsTheConnection(int type, int flags, int stream, String payload, int error)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < payload.length(); i++) {
      if (payload.startsWith("\\x", i)) {
        bytes.write(Integer.parseInt(payload, i + 2, i + 4, 16));
        i += 3;
      } else if (payload.charAt(i) == '\\') {
        bytes.write(payload.charAt(++i) - '0');
      } else {
        bytes.write(payload.charAt(i));
      }
    }
    try (RawHttp2 client = connect()) {
      client.send(type, flags, stream, bytes.toByteArray());
      assertThat(client.read(RawHttp2.GOAWAY).error()).isEqualTo(error);
      assertThat(client.readAll()).isEmpty();
    }
  }

  @Test
  void aFrameThatIsTooLargeEndsTheConnection() throws IOException {
    try (RawHttp2 client = connect()) {
      client.send(new byte[] {1, 0, 0, 0, 0, 0, 0, 0, 1});
      assertThat(client.read(RawHttp2.GOAWAY).error()).isEqualTo(6);
    }
  }

  @Test
  void moreThanTheWindowEndsTheStream() throws Exception {
    generator.playing(script -> {});
    try (RawHttp2 client = connect()) {
      // Nothing reads the body of a request that has been answered.
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, RawHttp2.request("POST", CHAT, "content-length", "9"));
      client.send(RawHttp2.DATA, 0, 1, new byte[16_000]);
      assertThat(client.answer(1).error()).isEqualTo(PROTOCOL_ERROR);
      client.get(3, "/health");
      client.answer(3);
      client.send(RawHttp2.WINDOW_UPDATE, 0, 3, RawHttp2.number(Integer.MAX_VALUE));
      client.post(5, CHAT, HELLO);
      generator.next();
      client.send(RawHttp2.WINDOW_UPDATE, 0, 5, RawHttp2.number(Integer.MAX_VALUE));
      assertThat(client.answer(5).error()).isEqualTo(FLOW_CONTROL_ERROR);
    }
  }

  @ParameterizedTest
  @CsvSource({"6, 0, 8", "4, 0, 0", "2, 1, 5", "22, 1, 4", "3, 1, 4"})
  void floodsEndTheConnection(int type, int stream, int length) throws IOException {
    try (RawHttp2 client = connect()) {
      client.get(1, "/health");
      client.answer(1);
      ByteArrayOutputStream flood = new ByteArrayOutputStream();
      for (int i = 0; i < 2000; i++) {
        byte[] payload = new byte[length];
        if (type == RawHttp2.PRIORITY) {
          payload[3] = 3;
        }
        flood.writeBytes(RawHttp2.frame(type, 0, stream, payload));
      }
      CompletableFuture<Frame> end = CompletableFuture.supplyAsync(() -> goAway(client));
      sendAnyway(client, flood.toByteArray());
      assertThat(end.join().error()).isEqualTo(ENHANCE_YOUR_CALM);
    }
  }

  private static Frame goAway(RawHttp2 client) {
    try {
      return client.read(RawHttp2.GOAWAY);
    } catch (IOException closed) {
      throw new IllegalStateException(closed);
    }
  }

  /** The server may close the connection meanwhile. */
  private static void sendAnyway(RawHttp2 client, byte[] bytes) {
    try {
      client.send(bytes);
    } catch (IOException closed) {
      assertThat(closed).isNotNull();
    }
  }

  @Test
  void streamsThatAreResetAtOnceEndTheConnection() throws IOException {
    try (RawHttp2 client = connect()) {
      ByteArrayOutputStream flood = new ByteArrayOutputStream();
      for (int i = 0; i < 1000; i++) {
        flood.writeBytes(RawHttp2.frame(RawHttp2.HEADERS, 5, 2 * i + 1, RawHttp2.request("GET", "/health")));
        flood.writeBytes(RawHttp2.frame(RawHttp2.RST_STREAM, 0, 2 * i + 1, RawHttp2.number(8)));
      }
      CompletableFuture<Frame> end = CompletableFuture.supplyAsync(() -> goAway(client));
      sendAnyway(client, flood.toByteArray());
      assertThat(end.join().error()).isEqualTo(ENHANCE_YOUR_CALM);
    }
    assertThat(server.get("/health").statusCode()).isEqualTo(200);
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1000})
  void aHeaderBlockHasAnEnd(int size) throws IOException {
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_STREAM, 1, RawHttp2.request("GET", "/health"));
      for (int i = 0; i < 100; i++) {
        sendAnyway(client, RawHttp2.frame(RawHttp2.CONTINUATION, 0, 1, new byte[size]));
      }
      assertThat(client.read(RawHttp2.GOAWAY).error()).isEqualTo(ENHANCE_YOUR_CALM);
    }
  }

  @Test
  void streamsBeyondTheLimitAreRefusedOneByOne() throws Exception {
    generator.playing(script -> {});
    try (RawHttp2 client = connect()) {
      for (int i = 0; i < 100; i++) {
        client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 2 * i + 1, RawHttp2.request("POST", CHAT));
      }
      client.get(201, "/health");
      assertThat(client.answer(201).error()).isEqualTo(REFUSED_STREAM);
      answerAll("hi");
      client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 1, HELLO.getBytes(StandardCharsets.US_ASCII));
      assertThat(client.answer(1).body()).contains("\"hi\"");
    }
    server.awaitNoConnections();
  }

  @Test
  void streamsCountAsConnections() throws Exception {
    restart(TestServer.config().toBuilder().maxConnections(3));
    answerAll("hi");
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 1, RawHttp2.request("POST", CHAT));
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 3, RawHttp2.request("POST", CHAT));
      // The third place goes to the listener, which takes it for the next connection once it has accepted this one, or
      // to this stream.
      client.send(RawHttp2.HEADERS, RawHttp2.END_HEADERS, 5, RawHttp2.request("POST", CHAT));
      client.get(7, "/health");
      assertThat(client.answer(7).error()).isEqualTo(REFUSED_STREAM);
      client.send(RawHttp2.DATA, RawHttp2.END_STREAM, 3, HELLO.getBytes(StandardCharsets.US_ASCII));
      assertThat(client.answer(3).status()).isEqualTo(200);
    }
    server.awaitNoConnections();
    assertThat(server.get("/health").statusCode()).isEqualTo(200);
  }

  @Test
  void anIdleConnectionIsEndedWithLeave() throws IOException {
    restart(TestServer.config().toBuilder().idleTimeout(Duration.ofSeconds(1)));
    try (RawHttp2 client = connect()) {
      client.get(1, "/health");
      client.answer(1);
      Frame end = client.read(RawHttp2.GOAWAY);
      assertThat(end.error()).isZero();
      assertThat(client.readAll()).isEmpty();
    }
  }

  @Test
  void aShutdownLetsStreamsEndAndRefusesOthers() throws Exception {
    server.close();
    server = TestServer.start(ServerConfig.builder().port(0).shutdownGrace(Duration.ofSeconds(50)).build(), generator);
    generator.playing(script -> {});
    try (RawHttp2 client = connect()) {
      client.post(1, CHAT, HELLO_STREAM);
      ScriptedGenerator.Script script = generator.next();
      CompletableFuture<Void> closing = CompletableFuture.runAsync(server.server()::close);
      while (server.get("/ready").statusCode() != 503) {}
      client.post(3, CHAT, HELLO);
      // The connection's thread writes the GOAWAY, and the stream's the answer.
      List<Frame> told = new ArrayList<>();
      while (told.size() < 2) {
        Frame frame = client.read();
        if (frame.type() == RawHttp2.GOAWAY || (frame.type() == RawHttp2.HEADERS && frame.stream() == 3)) {
          told.add(frame);
        }
      }
      assertThat(told)
          .filteredOn(frame -> frame.type() == RawHttp2.GOAWAY)
          .singleElement()
          .extracting(Frame::error)
          .isEqualTo(0);
      assertThat(told)
          .filteredOn(frame -> frame.type() == RawHttp2.HEADERS)
          .singleElement()
          .satisfies(head ->
              assertThat(RawHttp2.fields(head.payload()))
                  .containsEntry(":status", "503")
                  .containsEntry("retry-after", "1"));
      client.get(5, "/health");
      assertThat(client.answer(5).error()).isEqualTo(REFUSED_STREAM);
      script.say("last");
      script.finish(FinishReason.STOP);
      assertThat(client.answer(1).body()).contains("last").endsWith("data: [DONE]\n\n");
      closing.get(20, TimeUnit.SECONDS);
      assertThat(script.isCancelled()).isFalse();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"", "\0", "\0\0\6\4\0\0\0\0\0\0\3", "\0\0\6\4\0\0\0\0\0\0\3\0\0\0\1\0\0"})
  void aClientThatEndsInTheMiddleGetsNoAnswerOfHttp1(String rest) throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(RawHttp2.PREFACE + rest);
      client.socket().shutdownOutput();
      assertThat(client.readText()).startsWith("\0\0\14\4\0\0\0\0\0").doesNotContain("HTTP/1.1");
    }
  }

  @Test
  void aClientThatBeginsWithAnotherFrameIsSentAway() throws IOException {
    try (RawHttp client = new RawHttp(server.server().port())) {
      client.send(RawHttp2.PREFACE);
      client.send(RawHttp2.frame(RawHttp2.PING, 0, 0, new byte[8]));
      assertThat(client.readText()).contains("The first frame must have the client's settings.");
    }
  }

  @Test
  void aPingIsAnswered() throws IOException {
    try (RawHttp2 client = connect()) {
      client.send(RawHttp2.PING, 0, 0, "12345678".getBytes(StandardCharsets.US_ASCII));
      Frame pong = client.read(RawHttp2.PING);
      assertThat(pong.flags()).isOne();
      assertThat(new String(pong.payload(), StandardCharsets.US_ASCII)).isEqualTo("12345678");
    }
  }
}
