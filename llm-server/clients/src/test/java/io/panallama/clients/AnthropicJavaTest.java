package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.anthropic.client.AnthropicClient;
import com.anthropic.client.okhttp.AnthropicOkHttpClient;
import com.anthropic.core.JsonValue;
import com.anthropic.core.http.StreamResponse;
import com.anthropic.errors.BadRequestException;
import com.anthropic.helpers.MessageAccumulator;
import com.anthropic.models.messages.ContentBlock;
import com.anthropic.models.messages.ContentBlockParam;
import com.anthropic.models.messages.Message;
import com.anthropic.models.messages.MessageCountTokensParams;
import com.anthropic.models.messages.MessageCreateParams;
import com.anthropic.models.messages.RawMessageStreamEvent;
import com.anthropic.models.messages.StopReason;
import com.anthropic.models.messages.Tool;
import com.anthropic.models.messages.ToolChoiceAny;
import com.anthropic.models.messages.ToolChoiceNone;
import com.anthropic.models.messages.ToolResultBlockParam;
import com.anthropic.models.messages.ToolUseBlock;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** Anthropic's client for Java, as it is. */
@ExtendWith(ServedModelUnderTest.class)
class AnthropicJavaTest {
  @SuppressWarnings("unchecked") // The client's own JsonValue is a raw type.
  private static final Tool WEATHER =
      Tool.builder()
          .name(ServedModelUnderTest.TOOL)
          .description(ServedModelUnderTest.TOOL_DESCRIPTION)
          .inputSchema(
              Tool.InputSchema.builder()
                  .properties(JsonValue.from(Map.of("city", Map.of("type", "string"))))
                  .required(List.of("city"))
                  .build())
          .build();

  private final AnthropicClient client =
      AnthropicOkHttpClient.builder()
          .baseUrl(ServedModelUnderTest.url())
          .apiKey(ServedModelUnderTest.KEY)
          .timeout(Duration.ofSeconds(60))
          .maxRetries(0)
          .build();

  private static MessageCreateParams.Builder ask(String text) {
    return MessageCreateParams.builder()
        .model("claude-sonnet-4-5")
        .maxTokens(200)
        .putAdditionalBodyProperty("temperature", JsonValue.from(0))
        .addUserMessage(text);
  }

  private static String text(Message message) {
    StringBuilder text = new StringBuilder();
    message.content().forEach(block -> block.text().ifPresent(part -> text.append(part.text())));
    return text.toString();
  }

  @Test
  void messageWithTheAnswerSentBack() {
    Message first = client.messages().create(ask("Hello").system("Be nice.").build());
    first.validate();
    assertThat(text(first)).isNotBlank();
    assertThat(first.stopReason()).contains(StopReason.END_TURN);
    Message second = client.messages().create(ask("Hello").addMessage(first).addUserMessage("Who are you?").build());
    assertThat(text(second)).isNotBlank();
  }

  @Test
  void stream() {
    Message whole = client.messages().create(ask("Hello").build());
    MessageAccumulator pieces = MessageAccumulator.create();
    try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(ask("Hello").build())) {
      events.stream().forEach(pieces::accumulate);
    }
    assertThat(text(pieces.message())).isEqualTo(text(whole));
    assertThat(pieces.message().stopReason()).isEqualTo(whole.stopReason());
  }

  @Test
  void toolCalledRunAndAnswered() {
    MessageCreateParams.Builder conversation = ask(ServedModelUnderTest.QUESTION).addTool(WEATHER);
    Message called = client.messages().create(conversation.toolChoice(ToolChoiceAny.builder().build()).build());
    assertThat(called.stopReason()).contains(StopReason.TOOL_USE);
    conversation.addMessage(called);
    conversation.addUserMessageOfContentBlockParams(
        called.content().stream()
            .filter(ContentBlock::isToolUse)
            .map(ContentBlock::asToolUse)
            .map(AnthropicJavaTest::result)
            .toList());
    Message answered = client.messages().create(conversation.toolChoice(ToolChoiceNone.builder().build()).build());
    assertThat(text(answered)).isNotBlank();
  }

  private static ContentBlockParam result(ToolUseBlock call) {
    assertThat(call.name()).isEqualTo(ServedModelUnderTest.TOOL);
    return ContentBlockParam.ofToolResult(
        ToolResultBlockParam.builder().toolUseId(call.id()).content(ServedModelUnderTest.RESULT).build());
  }

  @Test
  void countOfTokens() {
    long count =
        client
            .messages()
            .countTokens(MessageCountTokensParams.builder().model("claude-sonnet-4-5").addUserMessage("Hello").build())
            .inputTokens();
    assertThat(count).isPositive();
  }

  @Test
  void anAbortStopsTheGeneration() throws InterruptedException {
    MessageCreateParams endless =
        ask("Hello")
            .maxTokens(1_000_000)
            .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true))
            .putAdditionalBodyProperty("context_overflow", JsonValue.from("shift"))
            .build();
    try (StreamResponse<RawMessageStreamEvent> events = client.messages().createStreaming(endless)) {
      Iterator<RawMessageStreamEvent> read = events.stream().iterator();
      for (int i = 0; i < 5; i++) {
        read.next();
      }
      ServedModelUnderTest.assertBusy();
    }
    ServedModelUnderTest.assertIdle();
  }

  @Test
  void errorsAreTheClients() {
    assertThatThrownBy(() -> client.messages().create(ask(ServedModelUnderTest.LONG_TEXT).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("prompt is too long");
    assertThatThrownBy(() -> client.messages().create(ask("Hello").maxTokens(-5).build()))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("max_tokens");
  }
}
