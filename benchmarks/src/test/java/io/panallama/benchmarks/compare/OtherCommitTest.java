package io.panallama.benchmarks.compare;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class OtherCommitTest {
  private static final String HELP =
      "Usage: panallama serve [--no-kv-unified] [--slots=N]\n"
          + "  --threads=N  Threads.\n"
          + "  --[no-]flash-attn\n"
          + "  --ctx-size=N";

  private static ServerPair.Setup setup() {
    return new ServerPair.Setup(
        Path.of("model.gguf"),
        2,
        16,
        8192,
        512,
        "all",
        false,
        List.of("--itl-target", "0"),
        List.of("--log-level", "x"));
  }

  @Test
  void itGetsOurOptionsAsFarAsItKnowsThem(@TempDir Path folder) {
    try (Children children = Children.create()) {
      OtherCommit peer = new OtherCommit(new Checkout(folder, children, folder), HELP);
      List<String> command = peer.command(new Checkout(folder, children, folder), setup(), 1234).command();
      assertThat(command)
          .startsWith(folder.resolve("panallama").toString(), "serve", "--port", "1234")
          .containsSequence("--threads", "2")
          .containsSequence("--slots", "16")
          .containsSequence("--flash-attn", "auto")
          .endsWith("--model", "model.gguf", "--log-level", "x")
          .doesNotContain("--kv-unified", "--kv-type", "--itl-target", "f16");
      assertThat(peer.terms(setup()))
          .contains(
              new ReportData.Term("slots", "--slots 16", "--slots 16", "the same"),
              new ReportData.Term("KV cache", "--kv-unified", "(unknown there)", "the other commit does not know it"))
          .anySatisfy(term -> {
            assertThat(term.what()).isEqualTo(ServerPair.Setup.FURTHER);
            assertThat(term.theirs()).isEqualTo("(--log-level x)");
          });
    }
  }

  private static void git(Checkout checkout, String... words) {
    List<String> command = new ArrayList<>(List.of("git", "-c", "user.name=a", "-c", "user.email=a@b"));
    command.addAll(List.of(words));
    checkout.output(command);
  }

  @Test
  void aWorktreeHasTheOtherCommitAndIsRemoved(@TempDir Path folder) throws IOException {
    try (Children children = Children.create()) {
      Checkout home = new Checkout(folder, children, folder);
      git(home, "init", "--quiet");
      Files.writeString(folder.resolve("panallama"), "first");
      git(home, "add", "panallama");
      git(home, "commit", "--quiet", "-m", "first");
      Files.writeString(folder.resolve("panallama"), "second");
      git(home, "commit", "--quiet", "-a", "-m", "second");
      Path root;
      try (Worktree worktree = Worktree.of(home, "HEAD~1")) {
        root = worktree.checkout().root();
        assertThat(root.resolve("panallama")).hasContent("first");
        assertThat(folder.resolve("panallama")).hasContent("second");
      }
      assertThat(root).doesNotExist();
      assertThat(home.output(List.of("git", "worktree", "list")).lines()).hasSize(1);
      assertThatThrownBy(() -> Worktree.of(home, "nothing")).hasMessageContaining("knows no commit nothing");
    }
  }
}
