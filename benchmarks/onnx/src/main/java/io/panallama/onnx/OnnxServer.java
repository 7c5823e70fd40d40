package io.panallama.onnx;

import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Executors;

/** Answers {@code POST /v1/embeddings} and {@code GET /health} on the loopback interface until its process is ended. */
public final class OnnxServer {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Encoder encoder;

  private OnnxServer(Encoder encoder) {
    this.encoder = encoder;
  }

  /** Starts it: {@code langchain4j} or {@code onnxruntime}, a port, a number of threads. */
  public static void main(String[] arguments) throws IOException, OrtException {
    if (arguments.length != 3) {
      System.err.println("Usage: langchain4j|onnxruntime PORT THREADS");
      System.exit(2);
    }
    int threads = Integer.parseInt(arguments[2]);
    Encoder encoder =
        switch (arguments[0]) {
          case "langchain4j" -> new LangChain4jEncoder();
          case "onnxruntime" -> new OnnxRuntimeEncoder(threads);
          default -> throw new IllegalArgumentException(arguments[0] + " is not langchain4j or onnxruntime");
        };
    // Loads what is loaded at first use.
    encoder.encode(List.of("ready"));
    InetSocketAddress address = new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(arguments[1]));
    HttpServer server = HttpServer.create(address, 0);
    server.setExecutor(Executors.newSingleThreadExecutor());
    OnnxServer handler = new OnnxServer(encoder);
    server.createContext("/health", exchange -> answer(exchange, 200, "{}".getBytes(StandardCharsets.UTF_8)));
    server.createContext("/v1/embeddings", handler::embed);
    server.start();
  }

  private void embed(HttpExchange exchange) throws IOException {
    try {
      List<String> texts = new ArrayList<>();
      for (JsonNode text : JSON.readTree(exchange.getRequestBody()).path("input")) {
        texts.add(text.asText());
      }
      answer(exchange, 200, json(encoder.encode(texts)));
    } catch (IOException | RuntimeException failure) {
      answer(exchange, 500, String.valueOf(failure.getMessage()).getBytes(StandardCharsets.UTF_8));
    }
  }

  private static byte[] json(Encoder.Encoded encoded) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (JsonGenerator json = JSON.createGenerator(bytes)) {
      json.writeStartObject();
      json.writeArrayFieldStart("data");
      for (float[] vector : encoded.vectors()) {
        json.writeStartObject();
        json.writeArrayFieldStart("embedding");
        for (float number : vector) {
          json.writeNumber(number);
        }
        json.writeEndArray();
        json.writeEndObject();
      }
      json.writeEndArray();
      json.writeObjectFieldStart("usage");
      json.writeNumberField("prompt_tokens", encoded.tokens());
      json.writeEndObject();
      json.writeEndObject();
    }
    return bytes.toByteArray();
  }

  private static void answer(HttpExchange exchange, int status, byte[] body) throws IOException {
    try (exchange) {
      exchange.getResponseHeaders().set("Content-Type", "application/json");
      exchange.sendResponseHeaders(status, body.length);
      exchange.getResponseBody().write(body);
    }
  }
}
