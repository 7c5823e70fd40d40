package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.request.CallIds;
import io.panallama.internal.request.CallTurns;
import io.panallama.internal.request.ChatTemplateRequest;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.api.io.TempDir;

/**
 * Every template of the pinned llama.cpp with every conversation, beside llama-server's {@code /apply-template} for the same
 * request. It needs a llama-server of the same version, which {@code benchmarks} builds as its yardstick:
 *
 * <pre>
 *   mvn verify -pl llm-core -am -Dtest=TemplateParityTest -Dsurefire.failIfNoSpecifiedTests=false \
 *     -Dpanallama.test.llamaServer=/path/to/llama-server
 * </pre>
 *
 * llama-server looks for its libraries beside itself and in LD_LIBRARY_PATH, and for ggml's CPU libraries beside itself. What
 * both refuse counts as equal, and what llama-server refuses because of the ids of calls, or because a message has several, is compared with
 * other ids, or with each call in a message of its own.
 */
@EnabledIfSystemProperty(named = "panallama.test.llamaServer", matches = ".+")
class TemplateParityTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration START = Duration.ofSeconds(60);

  @TempDir private Path folder;

  private final HttpClient client = HttpClient.newHttpClient();

  @Test
  void promptsAreThoseOfLlamaServer() throws Exception {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    List<String> differences = new ArrayList<>();
    int equal = 0;
    int refused = 0;
    for (Path template : ChatTemplatesTest.templates()) {
      ModelConfig config = ModelConfig.builder().chatTemplate(Files.readString(template)).build();
      try (Model model = Model.load(file, config);
          Server server = new Server(file, template)) {
        for (Map.Entry<String, ChatRequest> conversation : Conversations.all().entrySet()) {
          String where = template.getFileName() + " / " + conversation.getKey();
          String ours = ours(model, conversation.getValue());
          String theirs = server.apply(conversation.getValue());
          if (theirs.isEmpty()) {
            theirs = server.apply(CallIds.shortened(conversation.getValue()));
          }
          if (theirs.isEmpty()) {
            theirs = server.apply(CallTurns.apart(conversation.getValue()));
          }
          if (!ours.equals(theirs)) {
            differences.add(where + "\n  ours:   " + quoted(ours) + "\n  theirs: " + quoted(theirs));
          } else if (ours.isEmpty()) {
            refused++;
          } else {
            equal++;
          }
        }
      }
    }
    System.out.printf("templates: %d equal, %d refused by both, %d different%n", equal, refused, differences.size());
    assertThat(differences).isEmpty();
  }

  /** The prompt; empty if it was refused. */
  private static String ours(Model model, ChatRequest request) {
    try {
      return model.render(request);
    } catch (ChatTemplateException refused) {
      return "";
    }
  }

  private static String quoted(String text) throws IOException {
    return JSON.writeValueAsString(text);
  }

  private final class Server implements AutoCloseable {
    private final Process process;
    private final int port;

    Server(Path model, Path template) throws Exception {
      try (ServerSocket free = new ServerSocket(0)) {
        port = free.getLocalPort();
      }
      process =
          new ProcessBuilder(
                  System.getProperty("panallama.test.llamaServer"),
                  "--model",
                  model.toString(),
                  "--chat-template-file",
                  template.toAbsolutePath().toString(),
                  "--jinja",
                  "--threads",
                  "1",
                  "--ctx-size",
                  "512",
                  "--port",
                  Integer.toString(port))
              .redirectErrorStream(true)
              .redirectOutput(folder.resolve("server.log").toFile())
              .start();
      long deadline = System.nanoTime() + START.toNanos();
      while (!isReady()) {
        if (!process.isAlive() || System.nanoTime() > deadline) {
          throw new IllegalStateException(
              "llama-server did not start: " + Files.readString(folder.resolve("server.log")));
        }
      }
    }

    private boolean isReady() throws InterruptedException {
      try {
        HttpRequest request = HttpRequest.newBuilder(uri("/health")).timeout(Duration.ofSeconds(1)).build();
        return client.send(request, HttpResponse.BodyHandlers.discarding()).statusCode() == 200;
      } catch (IOException notYet) {
        process.waitFor(Duration.ofMillis(20));
        return false;
      }
    }

    private URI uri(String path) {
      return URI.create("http://127.0.0.1:" + port + path);
    }

    /** The prompt; empty if it was refused. */
    String apply(ChatRequest request) throws Exception {
      ObjectNode body = ChatTemplateRequest.of(request);
      if (request.template().thinking().isPresent()) {
        // llama-server has it among the variables of the template.
        body.remove("enable_thinking");
        body.putObject("chat_template_kwargs").put("enable_thinking", request.template().thinking().orElseThrow());
      }
      body.put("reasoning_format", "deepseek");
      HttpRequest post =
          HttpRequest.newBuilder(uri("/apply-template"))
              .header("Content-Type", "application/json")
              .POST(HttpRequest.BodyPublishers.ofString(body.toString()))
              .build();
      JsonNode answer = JSON.readTree(client.send(post, HttpResponse.BodyHandlers.ofString()).body());
      return answer.path("prompt").asText();
    }

    @Override
    public void close() {
      process.destroy();
      process.onExit().join();
    }
  }
}
