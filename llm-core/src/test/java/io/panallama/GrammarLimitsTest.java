package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.panallama.chat.ChatMessage;
import io.panallama.chat.TemplateOptions;
import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PanallamaException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.gguf.GgufArray;
import io.panallama.gguf.GgufFile;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinyVocabulary;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Grammars that would end the process or take all of its time, if llama.cpp matched them. */
@Timeout(180)
class GrammarLimitsTest {
  /** Each "a" doubles the ways in which the text can go on, and none can be left out. */
  private static final String DOUBLING = "root ::= s\ns ::= \"a\" s \"b\" | \"a\" s \"c\" | \"a\"";

  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), TinySpec.defaults().withContextLength(2048)));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  /** Greedy, with "a" wherever it may come. */
  private static GenerationOptions doubling(Model of) {
    Map<Integer, Float> bias = new HashMap<>();
    bias.put(of.tokenizer().tokenize("a", false, false)[0], 1000f);
    List<Sampler> chain =
        List.of(new Sampler.Grammar(DOUBLING, "root"), new Sampler.LogitBias(bias), new Sampler.Greedy());
    return GenerationOptions.builder().sampling(Sampling.of(chain, 1)).maxTokens(500).build();
  }

  private static CompletionRequest once(GenerationOptions options) {
    return CompletionRequest.of("Once").with(options);
  }

  @Test
  void aGrammarWithoutBoundsEndsItsGenerationOnly() {
    GenerationOptions story = TestEngines.endless(model).toBuilder().maxTokens(1000).build();
    String alone = engine.generate(once(story)).await().text();
    Generation other = engine.generate(once(story));
    assertThatThrownBy(() -> engine.generate(once(doubling(model))).await())
        .isInstanceOfSatisfying(
            GenerationException.class, failed -> assertThat(failed.reason()).isEqualTo(Reason.GRAMMAR_LIMIT))
        .hasMessageContaining("The next token took too much")
        .hasMessageContaining("too many alternatives at once");
    assertThat(other.await().text()).isEqualTo(alone);
    assertThat(engine.generate(once(story)).await().text()).isEqualTo(alone);
  }

  @Test
  void anEngineClosesInTheMiddleOfSuchWork() {
    for (int tokens : new int[] {14, 17}) {
      List<Generation> running = new ArrayList<>();
      long began;
      try (Engine busy = Engine.start(model, TestEngines.config())) {
        for (int i = 0; i < 3; i++) {
          running.add(busy.generate(once(doubling(model))));
        }
        awaitTokens(busy, 3L * tokens);
        began = System.nanoTime();
      }
      assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(20));
      for (Generation one : running) {
        assertThatThrownBy(one::await).isInstanceOf(GenerationException.class);
      }
    }
  }

  private static void awaitTokens(Engine of, long count) {
    while (of.stats().generatedTokens() < count && of.stats().running() > 0) {
      Thread.onSpinWait();
    }
  }

  @Test
  void aHundredThousandAlternativesAreRefusedOrQuick() {
    String gbnf =
        IntStream.range(0, 100_000).mapToObj(i -> "\"" + i + "\"").collect(Collectors.joining("|", "root ::= ", ""));
    Sampling sampling = Sampling.of(List.of(new Sampler.Grammar(gbnf, "root"), new Sampler.Dist()), 1);
    long began = System.nanoTime();
    Completion answer =
        engine.generate(once(GenerationOptions.builder().sampling(sampling).maxTokens(20).build())).await();
    assertThat(answer.text()).matches("[0-9]{1,5}");
    // llama.cpp's own needs more than a minute.
    assertThat(Duration.ofNanos(System.nanoTime() - began)).isLessThan(Duration.ofSeconds(30));
    Sampler.Grammar larger = new Sampler.Grammar(gbnf + "|\"" + "x".repeat(1 << 20) + "\"", "root");
    Sampling refused = Sampling.of(List.of(larger, new Sampler.Dist()), 1);
    assertThatThrownBy(() -> engine.generate(once(GenerationOptions.builder().sampling(refused).build())))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessageContaining("larger than 1 MiB");
  }

  /** What the client has written before the answer is text for the tokenizer and the grammar, whatever it looks like. */
  @Test
  void anAnswerMayBeginWithTheTextOfAnySpecialToken() throws IOException {
    try (Model demo = Model.load(TestFiles.demoModel());
        Engine ofDemo = Engine.start(demo, TestEngines.config())) {
      continueSpecialTexts(TestFiles.demoModel(), demo, ofDemo);
    }
    continueSpecialTexts(folder.resolve("tiny.gguf"), model, engine);
  }

  private static void continueSpecialTexts(Path file, Model of, Engine on) {
    GgufArray all = GgufFile.read(file).array("tokenizer.ggml.tokens").orElseThrow();
    List<String> texts = new ArrayList<>(List.of("<think>", "</think>", "<tool_call>", "<|im_end|>{", "{<|im_end|>"));
    for (int token = 0; token < of.vocabulary().size(); token++) {
      if (of.vocabulary().isControl(token)) {
        texts.add(all.string(token));
      }
    }
    assertThat(texts).contains("<|im_end|>", "<|im_start|>");
    for (String text : texts) {
      // No JSON begins like this, so the request is refused, and says why.
      assertThatThrownBy(() -> continued(on, text, new ResponseFormat.JsonObject()))
          .as(text)
          .isInstanceOf(InvalidRequestException.class)
          .hasMessageContaining("the answer that the last message begins does not fit the format");
      // A string of JSON may contain it.
      Completion answer = continued(on, "{\"" + text, new ResponseFormat.JsonObject());
      assertThat(answer.reason()).as(text).isIn(FinishReason.STOP, FinishReason.LENGTH);
      continued(on, text, new ResponseFormat.Text());
    }
  }

  private static Completion continued(Engine on, String beginning, ResponseFormat format) {
    ChatRequest request =
        ChatRequest.of(ChatMessage.user("Hi"), ChatMessage.assistant(beginning))
            .with(TemplateOptions.builder().turn(TemplateOptions.Turn.CONTINUED).build())
            .with(GenerationOptions.builder().format(format).maxTokens(30).build());
    return on.generate(request).await();
  }

  /** Some files name a token as the end that others need within a turn. */
  @Test
  void aModelWhoseEndIsAnotherTokenAnswersInAFormat() throws IOException {
    Path file = folder.resolve("other-end.gguf");
    byte[] bytes = Files.readAllBytes(TestFiles.demoModel());
    int start;
    try (Model demo = Model.load(TestFiles.demoModel())) {
      start = demo.tokenizer().tokenize(TinyVocabulary.IM_START, false, true)[0];
    }
    byte[] key = "tokenizer.ggml.eos_token_id".getBytes(StandardCharsets.US_ASCII);
    int at = indexOf(bytes, key) + key.length;
    ByteBuffer metadata = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
    assertThat(metadata.getInt(at)).isEqualTo(4); // GGUF_TYPE_UINT32
    metadata.putInt(at + 4, start);
    Files.write(file, bytes);
    String schema = "{\"type\": \"object\", \"properties\": {\"a\": {\"type\": \"boolean\"}}, \"required\": [\"a\"]}";
    try (Model other = Model.load(file);
        Engine on = Engine.start(other, TestEngines.config())) {
      GenerationOptions options =
          GenerationOptions.builder().format(new ResponseFormat.JsonSchema(schema, true)).maxTokens(60).build();
      Completion answer = on.generate(ChatRequest.of("Hi").with(options)).await();
      if (answer.reason() == FinishReason.STOP) {
        assertThat(JSON.readTree(answer.text()).get("a").isBoolean()).isTrue();
      }
      on.generate(ChatRequest.of("Hi").with(options.toBuilder().format(new ResponseFormat.JsonObject()).build()))
          .await();
      assertThatThrownBy(() -> continued(on, "<|im_start|>", new ResponseFormat.JsonObject()))
          .isInstanceOf(PanallamaException.class);
      assertThat(continued(on, "Once", new ResponseFormat.Text()).reason()).isNotNull();
    }
  }

  private static int indexOf(byte[] all, byte[] part) {
    for (int i = 0; i + part.length <= all.length; i++) {
      if (java.util.Arrays.equals(all, i, i + part.length, part, 0, part.length)) {
        return i;
      }
    }
    throw new AssertionError("not found");
  }
}
