package io.panallama.server;

import static io.panallama.server.TestServer.CHAT;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What the model's own template does not take is a 400 that names the field which asks for it. */
class TemplateRefusalTest {
  private static final String USER = "{\"role\": \"user\", \"content\": \"Hi\"}";

  private static DemoServer demo;

  @BeforeAll
  static void start() {
    demo = DemoServer.start(1);
  }

  @AfterAll
  static void stop() {
    demo.close();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      textBlock =
          """
          U | "chat_template_kwargs": {"enable_thinking": "x"} | chat_template_kwargs | 'enable_thinking' is not true or false
          U | "chat_template_kwargs": {"tools": 5} | chat_template_kwargs | Expected iterable
          U | "continue_final_message": true | continue_final_message | continue_final_message goes on with the last message, which must be one of the assistant, but it is one of the role user.
          U | "continue_final_message": "content" | continue_final_message | must be one of the assistant
          U, {"role": "assistant", "content": "a", "reasoning_content": "b"} | "continue_final_message": "reasoning_content" | continue_final_message | has no place for reasoning
          U, {"role": "assistant", "reasoning_content": "b"} | "continue_final_message": true | continue_final_message | has no place for reasoning
          U, {"role": "assistant", "tool_calls": [{"function": {"name": "f"}}]} | "continue_final_message": true | continue_final_message | calls tools
          """)
  void theFieldIsNamed(String messages, String fields, String param, String message) throws Exception {
    for (String path : new String[] {CHAT, "/apply-template", CHAT + "/input_tokens"}) {
      HttpResponse<String> response =
          demo.post(path, "{\"messages\": [" + messages.replace("U", USER) + "], " + fields + ", \"max_tokens\": 1}");
      assertThat(response.statusCode()).as(response.body()).isEqualTo(400);
      JsonNode error = new ObjectMapper().readTree(response.body()).path("error");
      assertThat(error.path("param").asText()).isEqualTo(param);
      assertThat(error.path("message").asText())
          .contains(message)
          .doesNotContain("parser generation")
          .doesNotContain("While executing");
    }
  }

  @Test
  void theNumberOfChoicesHasItsReason() throws Exception {
    HttpResponse<String> response = demo.post(CHAT, "{\"messages\": [" + USER + "], \"n\": 129}");
    assertThat(response.statusCode()).isEqualTo(400);
    assertThat(response.body()).contains("n is 129; it must be 1 to 65, which is what the engine's slots (1)");
  }

  @Test
  void theErrorsOfACountHaveTheShapeOfItsParent() throws Exception {
    for (String path : new String[] {CHAT, CHAT + "/input_tokens"}) {
      JsonNode error = new ObjectMapper().readTree(demo.post(path, "{}").body()).path("error");
      assertThat(error.path("code").isNull()).isTrue();
      assertThat(error.path("param").asText()).isEqualTo("messages");
    }
  }
}
