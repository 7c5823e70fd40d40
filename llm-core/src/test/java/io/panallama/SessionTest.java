package io.panallama;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.chat.ChatMessage;
import io.panallama.error.EngineClosedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.Generation;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import io.panallama.testkit.TinyModels;
import io.panallama.testkit.TinySpec;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

@Timeout(120)
class SessionTest {
  private static final GenerationOptions TEN =
      GenerationOptions.builder().sampling(Sampling.greedy()).maxTokens(10).build();

  @TempDir private static Path folder;

  private static Model model;
  private static Engine engine;

  @BeforeAll
  static void start() {
    TinySpec spec = TinySpec.defaults().withEnd(TinySpec.End.NEVER);
    model = Model.load(TinyModels.write(folder.resolve("tiny.gguf"), spec));
    engine = Engine.start(model, TestEngines.config());
  }

  @AfterAll
  static void stop() {
    engine.close();
    model.close();
  }

  private static CompletionRequest text(String text) {
    return CompletionRequest.of(text).with(TEN);
  }

  /** The ten tokens that follow a path, asked for without a session. */
  private static String continuation(int[] tokens) {
    return engine.generate(CompletionRequest.of(tokens).with(TEN)).await().text();
  }

  @Test
  void aSessionGrowsByPromptAndAnswer() {
    Session session = engine.openSession();
    assertThat(session.position()).isZero();
    Completion first = session.generate(text("Once upon a time")).await();
    assertThat(session.position()).isEqualTo(first.usage().totalTokens());
    int[] path = session.tokens();
    Completion second = session.generate(text(" and then")).await();
    assertThat(second.usage().promptTokens()).isGreaterThan(path.length);
    assertThat(second.usage().cachedTokens()).isEqualTo(path.length - 1);
    int[] prompt = Arrays.copyOf(session.tokens(), second.usage().promptTokens());
    assertThat(prompt).startsWith(path);
    assertThat(second.text()).isEqualTo(continuation(prompt));
    assertThat(model.tokenizer().detokenize(session.tokens())).startsWith("Once upon a time" + first.text() + " and");
  }

  @Test
  void anEmptyPromptGoesOnWhereALimitCutOff() {
    Session session = engine.openSession();
    String first = session.generate(text("A long story:")).await().text();
    String second = session.generate(text("")).await().text();
    Completion whole = engine.generate(text("A long story:").with(TEN.toBuilder().maxTokens(20).build())).await();
    assertThat(first + second).isEqualTo(whole.text());
  }

  @Test
  void forksGoOnByThemselves() {
    Session trunk = engine.openSession();
    trunk.generate(text("Common beginning of all branches")).await();
    int[] path = trunk.tokens();
    List<Session> branches = IntStream.range(0, 5).mapToObj(_ -> trunk.fork()).toList();
    List<Generation> running = new ArrayList<>();
    for (int i = 0; i < branches.size(); i++) {
      running.add(branches.get(i).generate(text(" branch " + i)));
    }
    running.forEach(Generation::await);
    assertThat(trunk.tokens()).isEqualTo(path);
    for (int i = 0; i < branches.size(); i++) {
      int[] tokens = branches.get(i).tokens();
      assertThat(tokens).startsWith(path);
      String text = model.tokenizer().detokenize(tokens);
      assertThat(text).contains(" branch " + i);
      String answer = text.substring(text.indexOf(" branch " + i) + (" branch " + i).length());
      assertThat(answer).isEqualTo(continuation(Arrays.copyOf(tokens, tokens.length - 10)));
    }
  }

  @Test
  void aRewoundSessionTakesAnotherWay() {
    Session session = engine.openSession();
    session.generate(text("The first way")).await();
    int[] path = session.tokens();
    session.generate(text(" was wrong")).await();
    session.rewind(path.length);
    assertThat(session.tokens()).isEqualTo(path);
    Completion other = session.generate(text(" was right")).await();
    assertThat(other.usage().cachedTokens()).as("of what was computed before the turn").isGreaterThan(path.length - 2);
    assertThat(other.text()).isEqualTo(continuation(Arrays.copyOf(session.tokens(), session.position() - 10)));
    session.rewind(0);
    assertThat(session.position()).isZero();
    assertThatThrownBy(() -> session.rewind(1))
        .isInstanceOf(InvalidRequestException.class)
        .hasMessage("position is 1; it must be 0 to 0.");
  }

  @Test
  void aConversationTakesThePlaceOfWhatIsThere() {
    Session session = engine.openSession();
    ChatMessage question = ChatMessage.user("Hello");
    Completion first = session.generate(ChatRequest.of(question).with(TEN)).await();
    ChatRequest next = ChatRequest.of(question, ChatMessage.assistant(first.text()), ChatMessage.user("Again"));
    Completion second = session.generate(next.with(TEN)).await();
    assertThat(session.position()).isEqualTo(second.usage().totalTokens());
    assertThat(second.usage().cachedTokens()).isGreaterThanOrEqualTo(first.usage().promptTokens());
  }

  @Test
  void oneGenerationAtATime() {
    Session session = engine.openSession();
    Generation endless =
        session.generate(text("Without end").with(TEN.toBuilder().maxTokens(GenerationOptions.UNLIMITED).build()));
    assertThatThrownBy(() -> session.generate(text("More")))
        .isInstanceOf(IllegalStateException.class)
        .hasMessageContaining("running");
    assertThatThrownBy(session::fork).isInstanceOf(IllegalStateException.class);
    endless.close();
    // Waits for the end of what was closed.
    Completion next = session.generate(text(" More")).await();
    assertThat(next.reason()).isEqualTo(FinishReason.LENGTH);
    assertThat(model.tokenizer().detokenize(session.tokens())).startsWith("Without end").contains(" More");
  }

  @Test
  void whatIsRefusedChangesNothing() {
    Session session = engine.openSession();
    session.generate(text("Some text")).await();
    int[] path = session.tokens();
    assertThatThrownBy(() -> session.generate(CompletionRequest.of(new int[600]).with(TEN)))
        .isInstanceOf(PromptTooLongException.class);
    assertThat(session.tokens()).isEqualTo(path);
    Completion full =
        session
            .generate(
                CompletionRequest.of(new int[600]).with(TEN.toBuilder().overflow(new ContextOverflow.Stop()).build()))
            .await();
    assertThat(full.reason()).isEqualTo(FinishReason.CONTEXT_FULL);
    assertThat(session.position()).isEqualTo(path.length + 600);
  }

  @Test
  void aSessionOfAClosedEngineIsAsItWas() {
    Session session;
    int[] path;
    try (Engine other = Engine.start(model, TestEngines.config())) {
      session = other.openSession();
      session.generate(text("Some text")).await();
      path = session.tokens();
      session.generate(text("Cut off").with(TEN.toBuilder().maxTokens(GenerationOptions.UNLIMITED).build()));
    }
    assertThat(session.tokens()).isEqualTo(path);
    assertThatThrownBy(() -> session.generate(text("More"))).isInstanceOf(EngineClosedException.class);
  }
}
