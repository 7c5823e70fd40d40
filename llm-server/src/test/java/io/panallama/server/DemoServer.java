package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.TextClassifier;
import io.panallama.TextEmbedder;
import io.panallama.TextReranker;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.demo.DemoModel;
import io.panallama.request.GenerationOptions;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.registry.ServedModel;
import java.io.IOException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.util.Set;

/**
 * The embedded model behind a server on a free port, and a client for it. With {@code -Dpanallama.test.isolation=PROCESS}
 * the engine has a process of its own.
 */
final class DemoServer implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static final Isolation ISOLATION =
      Isolation.valueOf(System.getProperty("panallama.test.isolation", Isolation.NONE.name()));

  private final Model model;
  private final Engine engine;
  private final ChatServer server;
  private final HttpClient client = HttpClient.newHttpClient();

  private DemoServer(Model model, Engine engine, ChatServer server) {
    this.model = model;
    this.engine = engine;
    this.server = server;
  }

  /** Starts all three; the engine computes on one thread, so that its answers are the same everywhere. */
  static DemoServer start(int slots) {
    return start(slots, GenerationOptions.UNLIMITED);
  }

  /** The same, with a limit for the answers to requests that have none. */
  static DemoServer start(int slots, int maxTokens) {
    Model model = Model.load(DemoModel.extract());
    Engine engine = engine(model, slots);
    ChatServer server = ChatServer.start(ServerConfig.builder().port(0).endpoints(Set.of(Endpoint.values())).build());
    server.serve(ServedModel.builder("demo", engine.sequenceContextSize()).maxTokens(maxTokens).build(), engine);
    return new DemoServer(model, engine, server);
  }

  /** Starts an engine as the server's own. */
  static Engine engine(Model model, int slots) {
    return Engine.start(
        model, EngineConfig.builder().slots(slots).threads(1).batchThreads(1).isolation(ISOLATION).build());
  }

  /** Swaps the engine behind the server for another one of the same model. */
  void serve(Engine other) {
    server.serve(ServedModel.of("demo", other.sequenceContextSize()), other);
  }

  int port() {
    return server.port();
  }

  Model model() {
    return model;
  }

  Engine engine() {
    return engine;
  }

  HttpRequest request(String path, String body) {
    return HttpRequest.newBuilder(server.uri().resolve(path))
        .header("Content-Type", "application/json")
        .POST(HttpRequest.BodyPublishers.ofString(body))
        .build();
  }

  HttpResponse<String> get(String path) throws IOException, InterruptedException {
    return send(HttpRequest.newBuilder(server.uri().resolve(path)).build(), HttpResponse.BodyHandlers.ofString());
  }

  HttpResponse<String> post(String path, String body) throws IOException, InterruptedException {
    return send(request(path, body), HttpResponse.BodyHandlers.ofString());
  }

  <T> HttpResponse<T> send(HttpRequest request, HttpResponse.BodyHandler<T> handler)
      throws IOException, InterruptedException {
    return client.send(request, handler);
  }

  /** The answer to a request that must succeed. */
  JsonNode answer(String path, String body) throws IOException, InterruptedException {
    HttpResponse<String> response = post(path, body);
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return JSON.readTree(response.body());
  }

  /** Serves a model that ranks documents, too. */
  void serve(ServedModel served, TextReranker reranker) {
    server.serve(served, reranker);
  }

  /** Serves a model that gives labels, too. */
  void serve(ServedModel served, TextClassifier classifier) {
    server.serve(served, classifier);
  }

  /** Serves files and vector stores. */
  void serve(DocumentLibrary library) {
    server.serve(library);
  }

  /** Serves a model that gives vectors, too. */
  void serve(ServedModel served, TextEmbedder embedder) {
    server.serve(served, embedder);
  }

  @Override
  public void close() {
    client.shutdownNow();
    server.close();
    engine.close();
    model.close();
  }
}
