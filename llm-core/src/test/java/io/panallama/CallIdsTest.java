package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import io.panallama.chat.Tools;
import io.panallama.config.ModelConfig;
import io.panallama.request.ChatRequest;
import io.panallama.testkit.TinyModels;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Conversations with calls whose ids a template does not take. */
@Timeout(120)
class CallIdsTest {
  private static final String ONE = "je6ZWwPY7dW17xjqOMoRhCV7gsvoRwBy";
  private static final String OTHER = "toolu_09JMugriIWkuxt92AauxjFWxU3si0ZPb";
  private static final Pattern NINE = Pattern.compile("\\b[a-zA-Z0-9]{9}\\b");

  @TempDir private Path folder;

  private String prompt(String template, String first, String second) throws IOException {
    Path file = TinyModels.write(folder.resolve("tiny.gguf"));
    String source = Files.readString(TestFiles.llamaTestData().resolve("templates").resolve(template));
    List<ToolCall> calls =
        List.of(
            new ToolCall(first, "get_weather", "{\"city\": \"Paris\"}"),
            new ToolCall(second, "get_weather", "{\"city\": \"Rome\"}"));
    ChatRequest request =
        ChatRequest.builder()
            .messages(
                List.of(
                    ChatMessage.user("Weather?"),
                    new ChatMessage(Role.ASSISTANT, "", "", calls, "", ""),
                    new ChatMessage(Role.TOOL, "sun", "", List.of(), first, ""),
                    new ChatMessage(Role.TOOL, "rain", "", List.of(), second, "")))
            .build()
            .with(Tools.of(Conversations.WEATHER));
    try (Model model = Model.load(file, ModelConfig.builder().chatTemplate(source).build())) {
      return model.template().render(request).prompt();
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"mistralai-Mistral-Nemo-Instruct-2407.jinja", "Mistral-Small-3.2-24B-Instruct-2506.jinja"})
  void aTemplateThatTakesShortIdsOnlyGetsThem(String template) throws IOException {
    String prompt = prompt(template, ONE, OTHER);
    assertThat(prompt).doesNotContain(ONE).doesNotContain(OTHER).contains("sun").contains("rain");
    List<String> ids =
        NINE.matcher(prompt).results().map(MatchResult::group).filter(id -> !id.matches("[a-z]+")).toList();
    assertThat(ids).hasSizeGreaterThanOrEqualTo(2);
    assertThat(ids.stream().distinct()).hasSize(2);
    assertThat(prompt(template, ONE, OTHER)).isEqualTo(prompt);
  }

  @Test
  void shortIdsStay() throws IOException {
    assertThat(prompt("mistralai-Mistral-Nemo-Instruct-2407.jinja", "abcdefg01", "abcdefg02"))
        .contains("abcdefg01")
        .contains("abcdefg02");
  }
}
