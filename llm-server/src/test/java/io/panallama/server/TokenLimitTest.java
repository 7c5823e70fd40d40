package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.request.GenerationOptions;
import io.panallama.server.registry.ServedModel;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** A request that asks for no limit has none, even on a server with a limit for requests that ask for nothing. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class TokenLimitTest {
  private static final int SERVERS = 77;

  private final ScriptedGenerator generator = ScriptedGenerator.answering("x");
  private TestServer server;

  @BeforeAll
  void start() {
    ServedModel model = ServedModel.builder("m", 4096).maxTokens(SERVERS).build();
    ChatServer limited = ChatServer.start(TestServer.config());
    limited.serve(model, generator);
    server = TestServer.around(limited);
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
          /v1/chat/completions | "messages": [{"role": "user", "content": "x"}] | "max_tokens": N
          /v1/chat/completions | "messages": [{"role": "user", "content": "x"}] | "max_completion_tokens": N
          /v1/completions      | "prompt": "x"                                  | "max_tokens": N
          /completion          | "prompt": "x"                                  | "n_predict": N
          /infill              | "input_prefix": "x", "input_suffix": "y"       | "n_predict": N
          /v1/responses        | "input": "x"                                   | "max_output_tokens": N
          /v1/responses        | "input": "x"                                   | "max_tokens": N
          /v1/messages         | "messages": [{"role": "user", "content": "x"}] | "max_tokens": N
          /api/chat            | "messages": [{"role": "user", "content": "x"}] | "options": {"num_predict": N}
          /api/generate        | "prompt": "x"                                  | "options": {"num_predict": N}
          """)
  void minusOneIsNoLimit(String path, String body, String limit) throws InterruptedException {
    assertThat(maxTokens(path, body)).isEqualTo(SERVERS);
    assertThat(maxTokens(path, body + ", " + limit.replace("N", "-1"))).isEqualTo(GenerationOptions.UNLIMITED);
    assertThat(maxTokens(path, body + ", " + limit.replace("N", "null"))).isEqualTo(SERVERS);
    assertThat(maxTokens(path, body + ", " + limit.replace("N", "5"))).isEqualTo(5);
  }

  private int maxTokens(String path, String body) throws InterruptedException {
    HttpResponse<String> response = server.post(path, "{" + body + "}");
    assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
    return generator.next().request().options().maxTokens();
  }
}
