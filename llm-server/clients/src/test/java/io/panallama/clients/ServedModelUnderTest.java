package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.Embedder;
import io.panallama.Engine;
import io.panallama.Model;
import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.demo.DemoModel;
import io.panallama.search.CollectionEmbedder;
import io.panallama.server.ChatServer;
import io.panallama.server.ServerConfig;
import io.panallama.server.documents.DocumentLibrary;
import io.panallama.server.documents.LibraryLimits;
import io.panallama.server.registry.ServedModel;
import java.nio.file.Path;
import java.time.Duration;
import org.junit.jupiter.api.extension.BeforeAllCallback;
import org.junit.jupiter.api.extension.ExtensionContext;

/**
 * The embedded model behind a server on a free port, which all tests of a run share. It also gives embeddings, which mean little. The engine computes on one thread, so that the same
 * request has the same answer everywhere.
 */
public final class ServedModelUnderTest implements BeforeAllCallback {
  /** A key that the server does not ask for: clients insist on one. */
  public static final String KEY = "sk-none";

  public static final String MODEL = "demo";

  /** The embedded model calls {@link #TOOL} when it is asked this. */
  public static final String QUESTION = "what's the weather like in Rome right now?";

  public static final String TOOL = "get_current_weather";
  public static final String TOOL_DESCRIPTION = "Get the current weather in a city";
  public static final String RESULT = "{\"temperature\": 21, \"forecast\": \"sunny\"}";
  public static final String PERSON = "Extract the person as JSON: Eva is 26.";

  /** Longer than the embedded model's context of 1024 tokens. */
  public static final String LONG_TEXT = "The cat sat on the mat. ".repeat(400);

  private static Running running;

  @Override
  public void beforeAll(ExtensionContext context) {
    running =
        context
            .getRoot()
            .getStore(ExtensionContext.Namespace.GLOBAL)
            .computeIfAbsent(Running.class, key -> start(), Running.class);
  }

  private static Running start() {
    Model model = Model.load(DemoModel.extract());
    Engine engine = Engine.start(model, EngineConfig.builder().slots(4).threads(1).batchThreads(1).build());
    ChatServer server = ChatServer.start(ServerConfig.builder().port(0).build());
    server.serve(ServedModel.of(MODEL, engine.sequenceContextSize()), engine);
    Embedder embedder = Embedder.start(model, EmbedderConfig.builder().threads(1).build());
    server.serve(ServedModel.of("embedding", embedder.maxTokens()), embedder);
    Path folder = Path.of("target", "files-under-test").toAbsolutePath();
    DocumentLibrary library =
        DocumentLibrary.open(folder, CollectionEmbedder.of("embedding", embedder), LibraryLimits.DEFAULT);
    server.serve(library);
    return new Running(model, engine, embedder, server, library);
  }

  /** Where the server is, such as {@code http://127.0.0.1:40000}. */
  public static String url() {
    return "http://127.0.0.1:" + running.server.port();
  }

  /** The base address of OpenAI's API. */
  public static String openAiUrl() {
    return url() + "/v1";
  }

  /** Waits until the server generates for nobody; fails if it goes on. */
  public static void assertIdle() throws InterruptedException {
    long deadline = System.nanoTime() + Duration.ofSeconds(20).toNanos();
    while (running.server.runningRequests() > 0 || running.engine.stats().running() > 0) {
      assertThat(System.nanoTime()).as("the server still generates").isLessThan(deadline);
      Thread.sleep(10);
    }
  }

  /** Fails unless the server generates for somebody. */
  public static void assertBusy() {
    assertThat(running.server.runningRequests()).isPositive();
  }

  private record Running(Model model, Engine engine, Embedder embedder, ChatServer server, DocumentLibrary library)
      implements AutoCloseable {
    @Override
    public void close() {
      server.close();
      library.close();
      embedder.close();
      engine.close();
      model.close();
    }
  }
}
