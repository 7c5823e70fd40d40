package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.panallama.benchmarks.compare.EmbeddingCase.Length;
import io.panallama.benchmarks.compare.EmbeddingRounds.Sample;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class EmbeddingSectionTest {
  private static final URI OURS = URI.create("http://ours");
  private static final URI THEIRS = URI.create("http://theirs");

  private static final EmbeddingRounds.Rival RIVAL = new EmbeddingRounds.Rival("theirs", THEIRS, 512);

  /** Ours gives twice as many texts per second. */
  private static Sample answer(URI server, List<List<String>> requests) {
    int texts = requests.stream().mapToInt(List::size).sum();
    List<float[]> vectors = requests.getFirst().stream().map(text -> new float[] {text.length(), 1}).toList();
    return new Sample(server.equals(OURS) ? 20 : 10, texts * 8L, vectors);
  }

  private static EmbeddingRounds rounds(EmbeddingRounds.Driver driver) {
    return new EmbeddingRounds(driver, OURS, List.of(RIVAL), _ -> {});
  }

  @Test
  void aRoundGivesBothTheSameTextsAndEachRoundHasItsOwn() {
    EmbeddingCase load = new EmbeddingCase(Length.MIDDLE, 8);
    assertThat(load.requests(1)).isEqualTo(load.requests(1)).isNotEqualTo(load.requests(2)).hasSize(16);
    assertThat(load.requests(0))
        .allSatisfy(request -> {
          assertThat(request).hasSize(8);
          assertThat(request).allSatisfy(text -> assertThat(text.split(" ")).hasSize(126));
        });
    assertThat(new EmbeddingCase(Length.SHORT, 1).requests(0)).hasSize(200);
    assertThat(new EmbeddingCase(Length.LONG, 64).requests(0)).hasSize(1);
    assertThat(EmbeddingCase.all()).hasSize(9).doesNotHaveDuplicates();
  }

  @Test
  void ratiosAreThoseOfARoundAndSidesTakeTurns() throws InterruptedException {
    List<URI> asked = new ArrayList<>();
    EmbeddingRounds rounds =
        rounds((server, requests) -> {
          asked.add(server);
          return answer(server, requests);
        });
    List<EmbeddingCase> cases = List.of(new EmbeddingCase(Length.SHORT, 1), new EmbeddingCase(Length.SHORT, 8));
    rounds.run(cases, 2);

    assertThat(asked)
        .containsExactly(
            OURS, THEIRS, OURS, THEIRS, // warming up
            OURS, THEIRS, THEIRS, OURS, THEIRS, OURS, OURS, THEIRS);
    Section.Findings findings = rounds.findings(RIVAL);
    assertThat(findings.measures())
        .extracting(Measure::name)
        .containsExactly("short, 1 text a request", "short, 8 texts a request");
    assertThat(findings.measures().getFirst().ratios()).containsExactly(2.0, 2.0);
    assertThat(findings.trends()).hasSize(1);
    assertThat(findings.checks()).allMatch(Section.Check::holds);
  }

  @Test
  void longTextsAreLeftOutWhereTheyAreCut() throws InterruptedException {
    EmbeddingRounds.Rival cuts = new EmbeddingRounds.Rival("cuts", URI.create("http://cuts"), 128);
    List<URI> asked = new ArrayList<>();
    EmbeddingRounds rounds =
        new EmbeddingRounds(
            (server, requests) -> {
              asked.add(server);
              return answer(server, requests);
            },
            OURS,
            List.of(RIVAL, cuts),
            _ -> {});
    rounds.run(List.of(new EmbeddingCase(Length.MIDDLE, 64), new EmbeddingCase(Length.LONG, 64)), 1);

    URI third = cuts.address();
    assertThat(asked)
        .containsExactly(
            OURS, THEIRS, third, OURS, THEIRS, // warming up
            OURS, THEIRS, third, THEIRS, OURS);
    assertThat(rounds.findings(RIVAL).measures()).hasSize(2);
    assertThat(rounds.findings(cuts).measures())
        .extracting(Measure::name)
        .containsExactly("128 tokens, 64 texts a request");
    assertThat(rounds.findings(cuts).checks()).allMatch(Section.Check::holds).hasSize(1);
  }

  @Test
  void everyOnnxPeerHasItsSectionAndCommand() {
    Path root = Path.of("checkout").toAbsolutePath();
    try (Children children = Children.create()) {
      Checkout checkout = new Checkout(root, children, root);
      assertThat(OnnxPeer.LANGCHAIN4J.command(checkout, 1234, 3).command())
          .endsWith("langchain4j", "1234", "3")
          .first()
          .asString()
          .endsWith("benchmarks/onnx/run");
    }
    assertThat(OnnxPeer.values())
        .extracting(peer -> peer.planned().id())
        .containsExactly("embeddings-onnxruntime", "embeddings-langchain4j");
  }

  @Test
  void otherTokensOrVectorsAreNotTheSameWork() throws InterruptedException {
    List<EmbeddingCase> cases = List.of(new EmbeddingCase(Length.SHORT, 1));
    EmbeddingRounds tokens =
        rounds((server, requests) -> {
          Sample right = answer(server, requests);
          return server.equals(OURS) ? right : new Sample(right.rate(), right.tokens() + 1, right.vectors());
        });
    tokens.run(cases, 1);
    assertThat(tokens.findings(RIVAL).checks()).noneMatch(Section.Check::holds);

    EmbeddingRounds vectors =
        rounds((server, requests) -> {
          Sample right = answer(server, requests);
          return server.equals(OURS) ? right : new Sample(right.rate(), right.tokens(), List.of(new float[] {1, -1}));
        });
    vectors.run(cases, 1);
    assertThat(vectors.findings(RIVAL).checks()).noneMatch(Section.Check::holds);
  }

  @Test
  void cosinesOfWhatCannotBeComparedAreZero() {
    List<float[]> one = List.of(new float[] {3, 4});
    assertThat(EmbeddingRounds.cosine(one, List.of(new float[] {6, 8}))).isCloseTo(1, within(1e-12));
    assertThat(EmbeddingRounds.cosine(one, List.of(new float[] {-4, 3}))).isCloseTo(0, within(1e-12));
    assertThat(EmbeddingRounds.cosine(one, List.of(new float[] {3}))).isZero();
    assertThat(EmbeddingRounds.cosine(one, List.of(new float[] {0, 0}))).isZero();
    assertThat(EmbeddingRounds.cosine(one, List.of())).isZero();
  }

  @Test
  void anAnswerIsRead() throws Exception {
    byte[] body =
        "{\"data\":[{\"embedding\":[0.5,-1]},{\"embedding\":[2,0]}],\"usage\":{\"prompt_tokens\":9}}"
            .getBytes(StandardCharsets.UTF_8);
    Sample sample = EmbeddingClient.sample(7, List.of(body, body));
    assertThat(sample.rate()).isEqualTo(7);
    assertThat(sample.tokens()).isEqualTo(18);
    assertThat(sample.vectors()).hasSize(2);
    assertThat(sample.vectors().getFirst()).containsExactly(0.5f, -1f);
    assertThatThrownBy(() -> EmbeddingClient.sample(7, List.of("no".getBytes(StandardCharsets.UTF_8))))
        .isInstanceOf(CompareException.class);
  }

  @Test
  void bothServersGetTheSameFileAndThreads() {
    Path root = Path.of("checkout").toAbsolutePath();
    Path file = Path.of("a.gguf").toAbsolutePath();
    try (Children children = Children.create()) {
      EmbeddingSection section = new EmbeddingSection(new Checkout(root, children, root), 3, 5, _ -> {});
      assertThat(section.ours(1234, file).command())
          .containsSequence("--port", "1234")
          .containsSequence("--threads", "3")
          .containsSequence("--embedding-model", file.toString());
      assertThat(EmbeddingSection.theirs(new LlamaServer(Path.of("llama-server")), 1235, 3, file).command())
          .contains("--embedding")
          .containsSequence("--port", "1235")
          .containsSequence("--threads", "3")
          .containsSequence("--ctx-size", "8192")
          .containsSequence("--model", file.toString());
    }
  }
}
