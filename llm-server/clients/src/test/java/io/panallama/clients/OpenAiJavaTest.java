package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import com.fasterxml.jackson.annotation.JsonTypeName;
import com.openai.client.OpenAIClient;
import com.openai.client.okhttp.OpenAIOkHttpClient;
import com.openai.core.JsonValue;
import com.openai.core.http.StreamResponse;
import com.openai.errors.BadRequestException;
import com.openai.errors.NotFoundException;
import com.openai.helpers.ChatCompletionAccumulator;
import com.openai.models.chat.completions.ChatCompletion;
import com.openai.models.chat.completions.ChatCompletionChunk;
import com.openai.models.chat.completions.ChatCompletionCreateParams;
import com.openai.models.chat.completions.ChatCompletionMessageFunctionToolCall;
import com.openai.models.chat.completions.ChatCompletionMessageToolCall;
import com.openai.models.chat.completions.ChatCompletionToolChoiceOption;
import com.openai.models.chat.completions.ChatCompletionToolMessageParam;
import com.openai.models.embeddings.Embedding;
import com.openai.models.embeddings.EmbeddingCreateParams;
import com.openai.models.responses.Response;
import com.openai.models.responses.ResponseCreateParams;
import com.openai.models.responses.ResponseStreamEvent;
import java.time.Duration;
import java.util.Iterator;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;

/** OpenAI's client for Java, as it is. */
@ExtendWith(ServedModelUnderTest.class)
class OpenAiJavaTest {
  private final OpenAIClient client =
      OpenAIOkHttpClient.builder()
          .baseUrl(ServedModelUnderTest.openAiUrl())
          .apiKey(ServedModelUnderTest.KEY)
          .timeout(Duration.ofSeconds(60))
          .maxRetries(0)
          .build();

  /** A tool as the client makes it of a class. */
  @JsonTypeName(ServedModelUnderTest.TOOL)
  @JsonClassDescription(ServedModelUnderTest.TOOL_DESCRIPTION)
  static final class GetCurrentWeather {
    public String city = "";
  }

  static final class Person {
    public String name = "";
    public int age;
  }

  private static ChatCompletionCreateParams.Builder chat(String text) {
    return ChatCompletionCreateParams.builder().model("gpt-4o").temperature(0.0).addUserMessage(text);
  }

  private static String text(ChatCompletion completion) {
    return completion.choices().getFirst().message().content().orElse("");
  }

  @Test
  void chatWithTheAnswerSentBack() {
    ChatCompletion first = client.chat().completions().create(chat("Hello").build());
    assertThat(text(first)).isNotBlank();
    assertThat(first.choices().getFirst().finishReason()).isEqualTo(ChatCompletion.Choice.FinishReason.STOP);
    first.validate();
    ChatCompletion second =
        client
            .chat()
            .completions()
            .create(
                chat("Hello").addMessage(first.choices().getFirst().message()).addUserMessage("Who are you?").build());
    assertThat(text(second)).isNotBlank();
  }

  @Test
  void embeddings() {
    List<Embedding> data =
        client
            .embeddings()
            .create(
                EmbeddingCreateParams.builder()
                    .model("text-embedding-3-small")
                    .inputOfArrayOfStrings(List.of("one", "two", "one"))
                    .dimensions(16)
                    .build())
            .data();
    assertThat(data).hasSize(3);
    assertThat(data.getFirst().embedding()).hasSize(16).isNotEqualTo(data.get(1).embedding());
    assertThat(data.getLast().embedding()).isEqualTo(data.getFirst().embedding());
  }

  @Test
  void stream() {
    ChatCompletion whole = client.chat().completions().create(chat("Hello").build());
    ChatCompletionAccumulator pieces = ChatCompletionAccumulator.create();
    try (StreamResponse<ChatCompletionChunk> chunks =
        client.chat().completions().createStreaming(chat("Hello").build())) {
      chunks.stream().forEach(pieces::accumulate);
    }
    assertThat(text(pieces.chatCompletion())).isEqualTo(text(whole));
  }

  @Test
  void toolCalledRunAndAnswered() {
    ChatCompletionCreateParams.Builder conversation =
        chat(ServedModelUnderTest.QUESTION).addTool(GetCurrentWeather.class);
    ChatCompletion called =
        client
            .chat()
            .completions()
            .create(conversation.toolChoice(ChatCompletionToolChoiceOption.Auto.REQUIRED).build());
    List<ChatCompletionMessageToolCall> calls = called.choices().getFirst().message().toolCalls().orElseThrow();
    ChatCompletionMessageFunctionToolCall call = calls.getFirst().asFunction();
    assertThat(call.function().name()).isEqualTo(ServedModelUnderTest.TOOL);
    assertThat(call.function().arguments(GetCurrentWeather.class).city).isNotBlank();
    conversation.addMessage(called.choices().getFirst().message());
    for (ChatCompletionMessageToolCall each : calls) {
      conversation.addMessage(
          ChatCompletionToolMessageParam.builder()
              .toolCallId(each.asFunction().id())
              .content(ServedModelUnderTest.RESULT)
              .build());
    }
    ChatCompletion answered =
        client.chat().completions().create(conversation.toolChoice(ChatCompletionToolChoiceOption.Auto.NONE).build());
    assertThat(text(answered)).isNotBlank();
  }

  @Test
  void structuredOutputOfAClass() {
    Person person =
        client
            .chat()
            .completions()
            .create(chat(ServedModelUnderTest.PERSON).responseFormat(Person.class).build())
            .choices()
            .getFirst()
            .message()
            .content()
            .orElseThrow();
    assertThat(person.name).isNotNull();
  }

  @Test
  void anAbortStopsTheGeneration() throws InterruptedException {
    ChatCompletionCreateParams endless =
        chat("Hello")
            .putAdditionalBodyProperty("ignore_eos", JsonValue.from(true))
            .putAdditionalBodyProperty("context_overflow", JsonValue.from("shift"))
            .maxCompletionTokens(1_000_000)
            .build();
    try (StreamResponse<ChatCompletionChunk> chunks = client.chat().completions().createStreaming(endless)) {
      Iterator<ChatCompletionChunk> read = chunks.stream().iterator();
      for (int i = 0; i < 3; i++) {
        assertThat(read.next().choices()).hasSize(1);
      }
      ServedModelUnderTest.assertBusy();
    }
    ServedModelUnderTest.assertIdle();
  }

  @Test
  void errorsAreTheClients() {
    assertThatThrownBy(() -> client.chat().completions().create(chat(ServedModelUnderTest.LONG_TEXT).build()))
        .isInstanceOfSatisfying(
            BadRequestException.class,
            error -> {
              assertThat(error.code()).contains("context_length_exceeded");
              assertThat(error.param()).contains("messages");
            })
        .hasMessageContaining("maximum context length is 1024 tokens");
    assertThatThrownBy(() -> client.chat().completions().create(chat("Hello").n(0).build()))
        .isInstanceOfSatisfying(BadRequestException.class, error -> assertThat(error.param()).contains("n"));
  }

  @Test
  void models() {
    assertThat(client.models().list().data()).hasSize(2);
  }

  @Test
  void responses() {
    Response first = client.responses().create(ResponseCreateParams.builder().model("gpt-4o").input("Hello").build());
    first.validate();
    assertThat(first.output()).isNotEmpty();
    Response second =
        client
            .responses()
            .create(
                ResponseCreateParams.builder()
                    .model("gpt-4o")
                    .previousResponseId(first.id())
                    .input("Who are you?")
                    .build());
    assertThat(second.usage().orElseThrow().inputTokens()).isGreaterThan(first.usage().orElseThrow().inputTokens());
    assertThat(client.responses().retrieve(second.id()).id()).isEqualTo(second.id());
    client.responses().delete(second.id());
    assertThatThrownBy(() -> client.responses().retrieve(second.id())).isInstanceOf(NotFoundException.class);
  }

  @Test
  void responsesAsAStream() {
    ResponseCreateParams hello = ResponseCreateParams.builder().model("gpt-4o").input("Hello").build();
    try (StreamResponse<ResponseStreamEvent> events = client.responses().createStreaming(hello)) {
      List<ResponseStreamEvent> all = events.stream().toList();
      all.forEach(ResponseStreamEvent::validate);
      assertThat(all.getFirst().isCreated()).isTrue();
      assertThat(all.getLast().isCompleted()).isTrue();
    }
  }

  @Test
  void responsesOfAClass() {
    var structured =
        client
            .responses()
            .create(
                ResponseCreateParams.builder()
                    .model("gpt-4o")
                    .temperature(0.0)
                    .input(ServedModelUnderTest.PERSON)
                    .text(Person.class)
                    .build());
    assertThat(structured.output().stream().flatMap(item -> item.message().stream())).isNotEmpty();
  }
}
