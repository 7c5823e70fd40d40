package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.ContextOverflow;
import io.panallama.request.ContextOverflow.Reject;
import io.panallama.request.ContextOverflow.Shift;
import io.panallama.request.ContextOverflow.Stop;
import io.panallama.server.registry.ServedModel;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a server that shifts by default does with requests that say something else, or nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ContextOverflowTest {
  private static final String MESSAGES = "\"messages\": [{\"role\": \"user\", \"content\": \"x\"}]";

  private final ScriptedGenerator generator = ScriptedGenerator.answering("x");
  private TestServer server;

  @BeforeAll
  void start() {
    ServedModel model = ServedModel.builder("m", 4096).overflow(new Shift(3)).build();
    ChatServer shifting = ChatServer.start(TestServer.config());
    shifting.serve(model, generator);
    server = TestServer.around(shifting);
  }

  @AfterAll
  void stop() {
    server.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          /v1/chat/completions | "messages": [{"role": "user", "content": "x"}]
          /v1/completions      | "prompt": "x"
          /completion          | "prompt": "x"
          /infill              | "input_prefix": "x", "input_suffix": "y"
          /v1/messages         | "messages": [{"role": "user", "content": "x"}]
          /api/chat            | "messages": [{"role": "user", "content": "x"}]
          /api/generate        | "prompt": "x"
          """)
  void theServersWayHoldsForRequestsThatNameNone(String path, String body) throws InterruptedException {
    assertThat(overflow(path, body)).isEqualTo(new Shift(3));
  }

  @Test
  void aRequestsOwnWayComesFirst() throws InterruptedException {
    String chat = "/v1/chat/completions";
    assertThat(overflow(chat, MESSAGES + ", \"context_overflow\": \"reject\"")).isEqualTo(new Reject());
    assertThat(overflow(chat, MESSAGES + ", \"context_overflow\": \"stop\"")).isEqualTo(new Stop());
    assertThat(overflow(chat, MESSAGES + ", \"context_overflow\": \"shift\", \"n_keep\": 5")).isEqualTo(new Shift(5));
    assertThat(overflow("/api/chat", MESSAGES + ", \"shift\": false")).isEqualTo(new Reject());
    assertThat(overflow("/api/chat", MESSAGES + ", \"shift\": true")).isEqualTo(new Shift(0));
  }

  /** The response repeats {@code truncation}, whose default is {@code disabled}. */
  @Test
  void aResponseShiftsOnlyIfItIsAskedTo() throws InterruptedException {
    String input = "\"input\": \"x\"";
    assertThat(overflow("/v1/responses", input)).isEqualTo(new Reject());
    assertThat(overflow("/v1/responses", input + ", \"truncation\": \"auto\"")).isEqualTo(new Shift(0));
    assertThat(overflow("/v1/responses", input + ", \"context_overflow\": \"stop\"")).isEqualTo(new Stop());
  }

  @Test
  void propsTellIt() {
    assertThat(server.get("/props").body()).contains("\"n_keep\":3");
  }

  private ContextOverflow overflow(String path, String body) throws InterruptedException {
    HttpResponse<String> response = server.post(path, "{" + body + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return generator.next().request().options().overflow();
  }
}
