package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;

import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ServerPairTest {
  private static final Path ROOT = Path.of("checkout").toAbsolutePath();

  private static ServerPair.Setup setup(boolean separateCaches) {
    return new ServerPair.Setup(
        Path.of("a model.gguf"), 2, 16, 8192, 512, "all", separateCaches, List.of("--itl-target", "0"), List.of());
  }

  @Test
  void whatTheReportSaysIsWhatTheServerGets() {
    try (Children children = Children.create()) {
      Checkout checkout = new Checkout(ROOT, children, ROOT);
      Children.Command ours = setup(false).ours(checkout, 1234);
      assertThat(ours.command())
          .startsWith(ROOT.resolve("panallama").toString(), "serve", "--port", "1234")
          .containsSequence("--slots", "16")
          .containsSequence("--ctx-size", "8192")
          .containsSequence("--model", "a model.gguf")
          .endsWith("--itl-target", "0")
          .noneMatch(word -> word.contains("("));
      assertThat(checkout.typed(ours))
          .contains("=cpu ./panallama serve --port 1234 ")
          .contains("--model 'a model.gguf'");
    }
  }

  @Test
  void separateCachesAreLargeEnoughForTheSameRequests() {
    List<ReportData.Term> terms = setup(true).terms();
    assertThat(terms.stream().map(ReportData.Term::theirs)).contains("--ctx-size 131072", "--no-kv-unified");
    assertThat(terms.stream().map(ReportData.Term::ours)).contains("--ctx-size 131072", "--no-kv-unified");
    assertThat(setup(false).terms().stream().map(ReportData.Term::theirs)).contains("--ctx-size 8192", "--kv-unified");
  }

  @Test
  void whatWasAskedForBesidesIsATermToo() {
    List<ReportData.Term> terms = setup(false).terms();
    assertThat(terms).extracting(ReportData.Term::ours).contains("(--itl-target 0)");
    assertThat(terms).extracting(ReportData.Term::what).contains("further options").doesNotContain("step budget");
  }

  @Test
  void aCommandCanBeTyped() {
    try (Children children = Children.create()) {
      Checkout checkout = new Checkout(ROOT, children, ROOT);
      Path home = Path.of(System.getProperty("user.home"));
      Children.Command command =
          new Children.Command(
              List.of(ROOT.resolve("x").toString(), "it's", "a=b"), home.resolve("libs"), Map.of("LD", "there"));
      assertThat(checkout.typed(command)).isEqualTo("cd ~/libs && LD=there \"$OLDPWD\"/x 'it'\\''s' a=b");
      assertThat(checkout.shortened(ROOT + " " + ROOT + "-other")).isEqualTo(". " + ROOT + "-other");
    }
  }
}
