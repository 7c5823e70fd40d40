package io.panallama.load;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;

/** An HTTP server whose every byte a test writes by hand. */
final class FakeServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final ServerSocket socket;
  private final ExecutorService executor = Executors.newVirtualThreadPerTaskExecutor();
  private final Script script;
  private final List<JsonNode> bodies = new CopyOnWriteArrayList<>();
  private final List<Exchange> exchanges = new CopyOnWriteArrayList<>();

  /** Answers a POST. */
  interface Script {
    void answer(Exchange exchange) throws Exception;
  }

  private FakeServer(Script script) throws IOException {
    this.script = script;
    this.socket = new ServerSocket(0, 50, InetAddress.getLoopbackAddress());
    executor.submit(this::accept);
  }

  static FakeServer start(Script script) throws IOException {
    return new FakeServer(script);
  }

  URI uri() {
    return URI.create("http://127.0.0.1:" + socket.getLocalPort());
  }

  /** The bodies of all POST requests so far. */
  List<JsonNode> bodies() {
    return bodies;
  }

  private Void accept() throws IOException {
    while (true) {
      Socket connection = socket.accept();
      executor.submit(() -> {
        serve(connection);
        return null;
      });
    }
  }

  private void serve(Socket connection) throws Exception {
    try (connection) {
      InputStream in = connection.getInputStream();
      for (int onThisConnection = 0; ; onThisConnection++) {
        String head = head(in);
        if (head.isEmpty()) {
          return;
        }
        if (head.startsWith("GET ")) {
          Exchange models = new Exchange(connection, head, JSON.nullNode(), -1, onThisConnection);
          models.json(200, "{\"data\": [{\"id\": \"fake\"}]}");
          continue;
        }
        int length = Integer.parseInt(head.replaceAll("(?is).*content-length: *(\\d+).*", "$1"));
        JsonNode body = JSON.readTree(in.readNBytes(length));
        Exchange exchange;
        synchronized (bodies) {
          exchange = new Exchange(connection, head, body, bodies.size(), onThisConnection);
          bodies.add(body);
        }
        exchanges.add(exchange);
        script.answer(exchange);
        if (connection.isClosed()) {
          return;
        }
      }
    }
  }

  private static String head(InputStream in) throws IOException {
    ByteArrayOutputStream head = new ByteArrayOutputStream();
    while (!head.toString(StandardCharsets.ISO_8859_1).endsWith("\r\n\r\n")) {
      int next = in.read();
      if (next < 0) {
        return "";
      }
      head.write(next);
    }
    return head.toString(StandardCharsets.ISO_8859_1);
  }

  /** One POST and its answer. */
  static final class Exchange {
    private final Socket connection;
    private final String head;
    private final JsonNode body;
    private final int number;
    private final int onThisConnection;

    Exchange(Socket connection, String head, JsonNode body, int number, int onThisConnection) {
      this.connection = connection;
      this.head = head;
      this.body = body;
      this.number = number;
      this.onThisConnection = onThisConnection;
    }

    String head() {
      return head;
    }

    JsonNode body() {
      return body;
    }

    /** Counts the POST requests of the server, from 0. */
    int number() {
      return number;
    }

    /** Whether this is a request of the preflight. */
    boolean isProbe() {
      return number < 2;
    }

    int onThisConnection() {
      return onThisConnection;
    }

    void raw(String text) throws IOException {
      connection.getOutputStream().write(text.getBytes(StandardCharsets.UTF_8));
    }

    void json(int status, String body) throws IOException {
      int length = body.getBytes(StandardCharsets.UTF_8).length;
      raw(
          "HTTP/1.1 "
              + status
              + " X\r\nContent-Type: application/json\r\nContent-Length: "
              + length
              + "\r\n\r\n"
              + body);
    }

    void beginStream() throws IOException {
      raw("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
    }

    /** One HTTP chunk. */
    void chunk(String text) throws IOException {
      raw(Integer.toHexString(text.getBytes(StandardCharsets.UTF_8).length) + "\r\n" + text + "\r\n");
    }

    void token(String text) throws IOException {
      chunk("data: {\"choices\":[{\"index\":0,\"delta\":{\"content\":\"" + text + "\"}}]}\n\n");
    }

    /** The end of an answer with this many tokens. */
    void end(int tokens) throws IOException {
      chunk("data: {\"choices\":[{\"index\":0,\"delta\":{},\"finish_reason\":\"length\"}]}\n\n");
      int words = body.at("/messages/0/content").asText().split(" ").length;
      chunk(
          "data: {\"choices\":[],\"usage\":{\"prompt_tokens\":"
              + (words + 10)
              + ",\"completion_tokens\":"
              + tokens
              + "}}\n\ndata: [DONE]\n\n");
      chunk("");
    }

    /** A complete answer with the requested number of tokens. */
    void answer() throws IOException {
      int tokens = body.path("max_tokens").intValue();
      beginStream();
      for (int i = 0; i < tokens; i++) {
        token("w" + i + " ");
      }
      end(tokens);
    }

    void cut() throws IOException {
      connection.close();
    }

    /** Waits until the client has disconnected. */
    void awaitLeaving() throws IOException {
      try {
        while (connection.getInputStream().read() >= 0) {
          throw new AssertionError("The client sent more than its request.");
        }
      } catch (IOException reset) {
        // This is a disconnect, too.
      }
      connection.close();
    }
  }

  @Override
  public void close() {
    try {
      socket.close();
      for (Exchange exchange : exchanges) {
        exchange.connection.close();
      }
    } catch (IOException failure) {
      throw new UncheckedIOException(failure);
    }
    executor.shutdownNow();
  }
}
