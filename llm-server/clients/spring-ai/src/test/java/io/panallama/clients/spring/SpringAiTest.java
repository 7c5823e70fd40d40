package io.panallama.clients.spring;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.openai.errors.BadRequestException;
import io.panallama.clients.ServedModelUnderTest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.springframework.ai.chat.client.ChatClient;
import org.springframework.ai.chat.messages.UserMessage;
import org.springframework.ai.chat.model.ChatResponse;
import org.springframework.ai.chat.prompt.Prompt;
import org.springframework.ai.embedding.EmbeddingModel;
import org.springframework.ai.openai.OpenAiChatModel;
import org.springframework.ai.openai.OpenAiChatOptions;
import org.springframework.ai.openai.OpenAiEmbeddingModel;
import org.springframework.ai.openai.OpenAiEmbeddingOptions;
import org.springframework.ai.tool.annotation.Tool;

/** Spring AI's client of OpenAI, as it is. */
@ExtendWith(ServedModelUnderTest.class)
class SpringAiTest {
  record Person(String name, int age) {}

  static final class Weather {
    final List<String> cities = new ArrayList<>();

    @Tool(name = ServedModelUnderTest.TOOL, description = ServedModelUnderTest.TOOL_DESCRIPTION)
    String weather(String city) {
      cities.add(city);
      return ServedModelUnderTest.RESULT;
    }
  }

  private static OpenAiChatOptions.Builder options() {
    OpenAiChatOptions.Builder options = OpenAiChatOptions.builder();
    options.baseUrl(ServedModelUnderTest.openAiUrl());
    options.apiKey(ServedModelUnderTest.KEY);
    options.model("gpt-4o-mini");
    options.temperature(0.0);
    options.maxRetries(0);
    options.timeout(Duration.ofSeconds(60));
    return options;
  }

  private static OpenAiChatModel model() {
    return OpenAiChatModel.builder().options(options().build()).build();
  }

  @Test
  void chatWithTheAnswerSentBack() {
    ChatResponse first = model().call(new Prompt(new UserMessage("Hello")));
    assertThat(first.getResult().getOutput().getText()).isNotBlank();
    assertThat(first.getMetadata().getUsage().getCompletionTokens()).isPositive();
    ChatResponse second =
        model()
            .call(
                new Prompt(
                    List.of(new UserMessage("Hello"), first.getResult().getOutput(), new UserMessage("Who are you?"))));
    assertThat(second.getResult().getOutput().getText()).isNotBlank();
  }

  @Test
  void embeddings() {
    OpenAiEmbeddingOptions.Builder options = OpenAiEmbeddingOptions.builder();
    options.baseUrl(ServedModelUnderTest.openAiUrl());
    options.apiKey(ServedModelUnderTest.KEY);
    options.model("text-embedding-3-small");
    options.maxRetries(0);
    EmbeddingModel embeddings = OpenAiEmbeddingModel.builder().options(options.build()).build();
    List<float[]> vectors = embeddings.embed(List.of("one", "two", "one"));
    assertThat(vectors).hasSize(3);
    assertThat(vectors.getFirst()).isNotEqualTo(vectors.get(1)).isEqualTo(vectors.getLast());
  }

  @Test
  void stream() {
    String whole = ChatClient.create(model()).prompt("Hello").call().content();
    List<String> pieces =
        ChatClient.create(model()).prompt("Hello").stream().content().collectList().block(Duration.ofSeconds(60));
    assertThat(String.join("", pieces)).isEqualTo(whole);
  }

  @Test
  void toolCalledRunAndAnswered() {
    Weather weather = new Weather();
    String answer = ChatClient.create(model()).prompt(ServedModelUnderTest.QUESTION).tools(weather).call().content();
    assertThat(answer).isNotBlank();
    assertThat(weather.cities).hasSize(1);
  }

  @Test
  void structuredOutputOfARecord() {
    OpenAiChatModel.ResponseFormat format =
        OpenAiChatModel.ResponseFormat.builder()
            .type(OpenAiChatModel.ResponseFormat.Type.JSON_SCHEMA)
            .jsonSchema(
                "{\"type\":\"object\",\"properties\":{\"name\":{\"type\":\"string\"},\"age\":{\"type\":\"integer\"}},"
                    + "\"required\":[\"name\",\"age\"],\"additionalProperties\":false}")
            .build();
    OpenAiChatOptions.Builder options = options();
    options.responseFormat(format);
    Person person =
        ChatClient.create(OpenAiChatModel.builder().options(options.build()).build())
            .prompt(ServedModelUnderTest.PERSON)
            .call()
            .entity(Person.class);
    assertThat(person.name()).isNotNull();
  }

  @Test
  void anAbortStopsTheGeneration() throws InterruptedException {
    OpenAiChatOptions.Builder options = options();
    options.maxTokens(1_000_000);
    options.extraBody(Map.of("ignore_eos", true, "context_overflow", "shift"));
    String first =
        ChatClient.create(OpenAiChatModel.builder().options(options.build()).build()).prompt("Hello").stream()
            .content()
            .blockFirst(Duration.ofSeconds(60));
    assertThat(first).isNotNull();
    ServedModelUnderTest.assertIdle();
  }

  @Test
  void errorsAreTheClients() {
    assertThatThrownBy(() -> model().call(ServedModelUnderTest.LONG_TEXT))
        .isInstanceOf(BadRequestException.class)
        .hasMessageContaining("maximum context length is 1024 tokens");
  }
}
