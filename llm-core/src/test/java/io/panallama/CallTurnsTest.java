package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Conversations with several calls in one message, in templates that refuse them. */
@Timeout(120)
class CallTurnsTest {
  @TempDir private Path folder;

  private static ChatMessage result(String text, String id) {
    return new ChatMessage(Role.TOOL, text, "", List.of(), id, "");
  }

  @ParameterizedTest
  @CsvSource({"b, a", "a, b", "'', ''", "x, y"})
  void eachCallHasItsResultBehindIt(String first, String second) throws Exception {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    String source =
        Files.readString(
            TestFiles.llamaTestData().resolve("templates").resolve("meta-llama-Llama-3.3-70B-Instruct.jinja"));
    List<ToolCall> calls =
        List.of(
            new ToolCall("a", "get_weather", "{\"city\": \"Paris\"}"),
            new ToolCall("b", "get_weather", "{\"city\": \"Rome\"}"));
    boolean swapped = first.equals("b");
    ChatRequest request =
        ChatRequest.builder()
            .messages(
                List.of(
                    ChatMessage.user("Weather?"),
                    new ChatMessage(Role.ASSISTANT, "I look.", "", calls, "", ""),
                    result(swapped ? "rain" : "sun", first),
                    result(swapped ? "sun" : "rain", second)))
            .build()
            .with(Tools.of(Conversations.WEATHER));
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source).build())) {
      assertThat(model.template().render(request).prompt()).containsSubsequence("Paris", "sun", "Rome", "rain");
    }
  }
}
