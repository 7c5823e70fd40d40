package io.panallama.clients;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.langchain4j.agent.tool.P;
import dev.langchain4j.agent.tool.Tool;
import dev.langchain4j.data.embedding.Embedding;
import dev.langchain4j.data.message.UserMessage;
import dev.langchain4j.data.segment.TextSegment;
import dev.langchain4j.exception.InvalidRequestException;
import dev.langchain4j.model.chat.Capability;
import dev.langchain4j.model.chat.ChatModel;
import dev.langchain4j.model.chat.StreamingChatModel;
import dev.langchain4j.model.chat.response.ChatResponse;
import dev.langchain4j.model.chat.response.PartialResponse;
import dev.langchain4j.model.chat.response.PartialResponseContext;
import dev.langchain4j.model.chat.response.StreamingChatResponseHandler;
import dev.langchain4j.model.embedding.EmbeddingModel;
import dev.langchain4j.model.ollama.OllamaChatModel;
import dev.langchain4j.model.ollama.OllamaEmbeddingModel;
import dev.langchain4j.model.ollama.OllamaStreamingChatModel;
import dev.langchain4j.model.openai.OpenAiChatModel;
import dev.langchain4j.model.openai.OpenAiEmbeddingModel;
import dev.langchain4j.model.openai.OpenAiStreamingChatModel;
import dev.langchain4j.service.AiServices;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.ExtendWith;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** LangChain4j's clients of OpenAI and of Ollama, as they are. */
@ExtendWith(ServedModelUnderTest.class)
class LangChain4jTest {
  private static final Duration TIMEOUT = Duration.ofSeconds(60);

  interface Assistant {
    String chat(String text);
  }

  interface Extractor {
    Person extract(String text);
  }

  record Person(String name, int age) {}

  static final class Weather {
    final List<String> cities = new ArrayList<>();

    @Tool(name = ServedModelUnderTest.TOOL, value = ServedModelUnderTest.TOOL_DESCRIPTION)
    String weather(@P(name = "city", description = "The city") String city) {
      cities.add(city);
      return ServedModelUnderTest.RESULT;
    }
  }

  private static ChatModel model(String protocol) {
    return protocol.equals("openai")
        ? OpenAiChatModel.builder()
            .baseUrl(ServedModelUnderTest.openAiUrl())
            .apiKey(ServedModelUnderTest.KEY)
            .modelName("gpt-4o-mini")
            .temperature(0.0)
            .timeout(TIMEOUT)
            .maxRetries(0)
            .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
            .strictJsonSchema(true)
            .build()
        : OllamaChatModel.builder()
            .baseUrl(ServedModelUnderTest.url())
            .modelName("llama3.2")
            .temperature(0.0)
            .timeout(TIMEOUT)
            .maxRetries(0)
            .supportedCapabilities(Capability.RESPONSE_FORMAT_JSON_SCHEMA)
            .build();
  }

  private static StreamingChatModel streaming(String protocol) {
    return protocol.equals("openai")
        ? OpenAiStreamingChatModel.builder()
            .baseUrl(ServedModelUnderTest.openAiUrl())
            .apiKey(ServedModelUnderTest.KEY)
            .modelName("gpt-4o-mini")
            .temperature(0.0)
            .timeout(TIMEOUT)
            .build()
        : OllamaStreamingChatModel.builder()
            .baseUrl(ServedModelUnderTest.url())
            .modelName("llama3.2")
            .temperature(0.0)
            .timeout(TIMEOUT)
            .build();
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "ollama"})
  void embeddings(String protocol) {
    EmbeddingModel model =
        protocol.equals("openai")
            ? OpenAiEmbeddingModel.builder()
                .baseUrl(ServedModelUnderTest.openAiUrl())
                .apiKey(ServedModelUnderTest.KEY)
                .modelName("text-embedding-3-small")
                .timeout(TIMEOUT)
                .maxRetries(0)
                .build()
            : OllamaEmbeddingModel.builder()
                .baseUrl(ServedModelUnderTest.url())
                .modelName("nomic-embed-text")
                .timeout(TIMEOUT)
                .maxRetries(0)
                .build();
    List<Embedding> vectors =
        model.embedAll(List.of(TextSegment.from("one"), TextSegment.from("two"), TextSegment.from("one"))).content();
    assertThat(vectors).hasSize(3);
    assertThat(vectors.getFirst().vector()).isNotEqualTo(vectors.get(1).vector());
    assertThat(vectors.getLast().vector()).isEqualTo(vectors.getFirst().vector());
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "ollama"})
  void chatWithTheAnswerSentBack(String protocol) {
    ChatModel model = model(protocol);
    ChatResponse first = model.chat(UserMessage.from("Hello"));
    assertThat(first.aiMessage().text()).isNotBlank();
    assertThat(first.tokenUsage().outputTokenCount()).isPositive();
    ChatResponse second = model.chat(UserMessage.from("Hello"), first.aiMessage(), UserMessage.from("Who are you?"));
    assertThat(second.aiMessage().text()).isNotBlank();
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "ollama"})
  void stream(String protocol) throws Exception {
    StringBuilder pieces = new StringBuilder();
    CompletableFuture<ChatResponse> whole = new CompletableFuture<>();
    streaming(protocol)
        .chat(
            "Hello",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(String piece) {
                pieces.append(piece);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                whole.complete(response);
              }

              @Override
              public void onError(Throwable error) {
                whole.completeExceptionally(error);
              }
            });
    assertThat(whole.get(60, TimeUnit.SECONDS).aiMessage().text()).isEqualTo(pieces.toString()).isNotBlank();
    assertThat(pieces.toString()).isEqualTo(model(protocol).chat("Hello"));
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "ollama"})
  void toolCalledRunAndAnswered(String protocol) {
    Weather weather = new Weather();
    Assistant assistant = AiServices.builder(Assistant.class).chatModel(model(protocol)).tools(weather).build();
    assertThat(assistant.chat(ServedModelUnderTest.QUESTION)).isNotBlank();
    assertThat(weather.cities).hasSize(1);
  }

  @ParameterizedTest
  @ValueSource(strings = {"openai", "ollama"})
  void structuredOutputOfARecord(String protocol) {
    Extractor extractor = AiServices.create(Extractor.class, model(protocol));
    assertThat(extractor.extract(ServedModelUnderTest.PERSON).name()).isNotNull();
  }

  @Test
  void anAbortStopsTheGeneration() throws Exception {
    CompletableFuture<Void> cancelled = new CompletableFuture<>();
    OpenAiStreamingChatModel.builder()
        .baseUrl(ServedModelUnderTest.openAiUrl())
        .apiKey(ServedModelUnderTest.KEY)
        .modelName("gpt-4o-mini")
        .maxCompletionTokens(1_000_000)
        .customParameters(Map.of("ignore_eos", true, "context_overflow", "shift"))
        .build()
        .chat(
            "Hello",
            new StreamingChatResponseHandler() {
              @Override
              public void onPartialResponse(PartialResponse piece, PartialResponseContext context) {
                context.streamingHandle().cancel();
                cancelled.complete(null);
              }

              @Override
              public void onCompleteResponse(ChatResponse response) {
                cancelled.completeExceptionally(new AssertionError("it ended by itself"));
              }

              @Override
              public void onError(Throwable error) {
                cancelled.completeExceptionally(error);
              }
            });
    cancelled.get(60, TimeUnit.SECONDS);
    ServedModelUnderTest.assertIdle();
  }

  @Test
  void errorsAreTheClients() {
    assertThatThrownBy(() -> model("openai").chat(ServedModelUnderTest.LONG_TEXT))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("maximum context length is 1024 tokens");
  }
}
