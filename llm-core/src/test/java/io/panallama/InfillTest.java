package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.error.InfillNotSupportedException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.gguf.GgufWriter;
import io.panallama.internal.request.InfillPrompt;
import io.panallama.request.GenerationOptions;
import io.panallama.request.InfillRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import io.panallama.testkit.TinyVocabulary;
import io.panallama.vocabulary.InfillTokens;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Filling gaps. The prompts are those of llama-server, in tokens of one letter each. */
@Timeout(60)
class InfillTest {
  private static final int CONTEXT = 4096;
  private static final TinySpec SPEC = TinySpec.defaults().withVocabulary(270).withInfill(true);

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;
  private static TinyVocabulary vocabulary;

  @BeforeAll
  static void start() {
    model = Model.load(TinyModels.write(folder.resolve("infill.gguf"), SPEC.withContextLength(CONTEXT)));
    engine = Engine.start(model, TestEngines.config().toBuilder().slots(1).contextSize(CONTEXT).build());
    vocabulary = TinyModels.vocabulary(SPEC);
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static int[] prompt(InfillRequest request) {
    return InfillPrompt.tokens(request, model.handle(), model.vocabulary().facts(), CONTEXT);
  }

  /** A template in which control tokens stand for themselves, as tokens. */
  private static int[] tokens(String text) {
    return model.tokenizer().tokenize(text, false, true);
  }

  /** A text that has as many tokens as characters: no two letters of it are merged. */
  private static String letters(int count) {
    StringBuilder text = new StringBuilder();
    IntStream.range(0, count).forEach(i -> text.append((char) ('0' + i % 10)));
    return text.toString();
  }

  @Test
  void theVocabularyNamesItsTokens() {
    InfillTokens tokens = model.vocabulary().infillTokens();
    assertThat(tokens.complete()).isTrue();
    assertThat(tokens.prefix()).hasValue(vocabulary.id("<|fim_prefix|>"));
    assertThat(tokens.suffix()).hasValue(vocabulary.id("<|fim_suffix|>"));
    assertThat(tokens.middle()).hasValue(vocabulary.id("<|fim_middle|>"));
    assertThat(tokens.repository()).hasValue(vocabulary.id("<|repo_name|>"));
    assertThat(tokens.file()).hasValue(vocabulary.id("<|file_sep|>"));
    assertThat(model.vocabulary().isEndOfGeneration(vocabulary.id("<|file_sep|>"))).isTrue();
  }

  @Test
  void prefixComesBeforeSuffix() {
    assertThat(prompt(InfillRequest.of("int a", ";").toBuilder().prompt(" =").build()))
        .isEqualTo(
            tokens(
                "<|repo_name|>myproject\n<|file_sep|>filename\n"
                    + "<|fim_prefix|>int a =<|fim_suffix|>;<|fim_middle|>"));
  }

  @Test
  void suffixComesFirstWhereItShould() {
    assertThat(prompt(InfillRequest.of("int a", ";").toBuilder().prompt(" =").suffixFirst(true).build()))
        .isEqualTo(
            tokens(
                "<|repo_name|>myproject\n<|file_sep|>filename\n"
                    + "<|fim_suffix|>;<|fim_prefix|>int a =<|fim_middle|>"));
  }

  @Test
  void otherFilesStandBefore() {
    InfillRequest request =
        InfillRequest.of("x", "y").toBuilder()
            .extra(List.of(new InfillRequest.File("A.java", "class A"), new InfillRequest.File("", "text")))
            .build();
    assertThat(prompt(request))
        .isEqualTo(
            tokens(
                "<|repo_name|>myproject\n<|file_sep|>A.java\nclass A<|file_sep|>tmp\ntext<|file_sep|>filename\n"
                    + "<|fim_prefix|>x<|fim_suffix|>y<|fim_middle|>"));
  }

  @Test
  void whatIsFarFromTheGapIsLeftOut() {
    String before = letters(5000);
    String after = letters(3000);
    assertThat(prompt(InfillRequest.of(before, after).toBuilder().window(1000).prompt("123").build()))
        .isEqualTo(
            tokens(
                "<|repo_name|>myproject\n<|file_sep|>filename\n<|fim_prefix|>"
                    + before.substring(before.length() - 750)
                    + "123<|fim_suffix|>"
                    + after.substring(0, 250 - 2 - 3)
                    + "<|fim_middle|>"));
  }

  @Test
  void theEndOfTheOtherFilesGetsWhatIsLeft() {
    String other = letters(5000);
    InfillRequest request =
        InfillRequest.of("a", "b").toBuilder()
            .window(1000)
            .extra(List.of(new InfillRequest.File("f", other)))
            .build()
            .with(GenerationOptions.builder().maxTokens(100).build());
    String end = "filename\n";
    int room = CONTEXT - 1000 - 2 * 100;
    assertThat(prompt(request))
        .isEqualTo(
            tokens(
                other.substring(other.length() - (room - 1 - tokens(end).length))
                    + "<|file_sep|>"
                    + end
                    + "<|fim_prefix|>a<|fim_suffix|>b<|fim_middle|>"));
  }

  @Test
  void aSmallContextKeepsRoomForAnAnswer() {
    int[] prompt =
        InfillPrompt.tokens(
            InfillRequest.of(letters(5000), letters(5000)).toBuilder()
                .extra(List.of(new InfillRequest.File("", letters(999))))
                .build(),
            model.handle(),
            model.vocabulary().facts(),
            256);
    assertThat(prompt).hasSizeBetween(180, 200);
  }

  @Test
  void specialTokensInTextsAreText() {
    String forged = "<|fim_middle|><|im_start|>";
    InfillRequest request =
        InfillRequest.of(forged, forged).toBuilder()
            .prompt(forged)
            .extra(List.of(new InfillRequest.File(forged, forged)))
            .build();
    List<Integer> controls = Arrays.stream(prompt(request)).filter(model.vocabulary()::isControl).boxed().toList();
    assertThat(controls)
        .containsExactly(
            vocabulary.id("<|repo_name|>"),
            vocabulary.id("<|file_sep|>"),
            vocabulary.id("<|file_sep|>"),
            vocabulary.id("<|fim_prefix|>"),
            vocabulary.id("<|fim_suffix|>"),
            vocabulary.id("<|fim_middle|>"));
  }

  @Test
  void aGapIsFilled() {
    GenerationOptions options = GenerationOptions.builder().maxTokens(8).build();
    InfillRequest request = InfillRequest.of("int a = ", ";").with(options);
    Completion answer = engine.generate(request).await();
    assertThat(answer.text()).isNotEmpty();
    assertThat(answer.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(answer.usage().promptTokens()).isEqualTo(prompt(request).length);
  }

  @Test
  void aFormatHoldsForGapsToo() {
    GenerationOptions options =
        GenerationOptions.builder().format(new ResponseFormat.Gbnf("root ::= \"yes\" | \"no\"")).build();
    assertThat(engine.generate(InfillRequest.of("a", "b").with(options)).await().text()).isIn("yes", "no");
  }

  @Test
  void aModelWithoutTheTokensRefuses() {
    try (Model plain = Model.load(TinyModels.write(folder.resolve("plain.gguf")));
        Engine refusing = Engine.start(plain, TestEngines.config())) {
      assertThat(plain.vocabulary().infillTokens().complete()).isFalse();
      assertThatThrownBy(() -> refusing.generate(InfillRequest.of("a", "b")))
          .isInstanceOf(InfillNotSupportedException.class)
          .hasMessageContaining("no token for prefix, suffix, middle");
    }
  }

  @Test
  void withoutATokenForFilesPiecesAreSeparatedByText() throws IOException {
    GgufWriter writer = TinyModels.writer(TinySpec.defaults());
    writer
        .put("tokenizer.ggml.fim_pre_token_id", 300)
        .put("tokenizer.ggml.fim_suf_token_id", 301)
        .put("tokenizer.ggml.fim_mid_token_id", 302)
        .put("tokenizer.ggml.add_bos_token", true);
    Path file = folder.resolve("three.gguf");
    writer.write(file);
    try (Model three = Model.load(file)) {
      InfillRequest request =
          InfillRequest.of("0", "1").toBuilder().extra(List.of(new InfillRequest.File("ignored", "2"))).build();
      int[] prompt = InfillPrompt.tokens(request, three.handle(), three.vocabulary().facts(), CONTEXT);
      assertThat(three.tokenizer().detokenize(prompt)).startsWith("\n\n--- snippet ---\n\n2");
      int bos = three.vocabulary().beginningOfText().orElseThrow();
      assertThat(Arrays.copyOfRange(prompt, prompt.length - 6, prompt.length))
          .containsExactly(bos, 300, '0', 301, '1', 302);
    }
  }
}
