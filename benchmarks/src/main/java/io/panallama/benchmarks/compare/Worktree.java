package io.panallama.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Another commit of this repository in a folder of its own, which is removed when this is closed or the process ends. */
final class Worktree implements AutoCloseable {
  private final Checkout home;
  private final Path folder;
  private final Thread hook = new Thread(this::remove, "remove-worktree");

  private Worktree(Checkout home, Path folder) {
    this.home = home;
    this.folder = folder;
  }

  /**
   * Checks a commit out.
   *
   * @param commit any name that git knows
   * @throws CompareException if git does not know it
   */
  static Worktree of(Checkout home, String commit) {
    String id =
        home.output(List.of("git", "rev-parse", "--verify", "--quiet", "--end-of-options", commit + "^{commit}"));
    if (id.isBlank()) {
      throw new CompareException("--with: git knows no commit " + commit);
    }
    Path folder;
    try {
      folder = Files.createTempDirectory("panallama-compare-").resolve(id.strip().substring(0, 12));
    } catch (IOException e) {
      throw new CompareException("there is no folder for the other commit: " + e.getMessage(), e);
    }
    Worktree worktree = new Worktree(home, folder);
    Runtime.getRuntime().addShutdownHook(worktree.hook);
    home.output(List.of("git", "worktree", "add", "--quiet", "--detach", folder.toString(), id.strip()));
    if (!Files.exists(folder.resolve("panallama"))) {
      worktree.close();
      throw new CompareException("git could not check " + commit + " out");
    }
    return worktree;
  }

  /** Its sources. The libraries of llama.cpp are not compiled again: the build takes them from the cache of the machine. */
  Checkout checkout() {
    return new Checkout(folder, home.children(), home.logs());
  }

  private void remove() {
    home.output(List.of("git", "worktree", "remove", "--force", folder.toString()));
    try {
      Files.deleteIfExists(folder.resolveSibling(""));
    } catch (IOException left) {
      // An empty folder for temporary files stays.
    }
  }

  @Override
  public void close() {
    remove();
    try {
      Runtime.getRuntime().removeShutdownHook(hook);
    } catch (IllegalStateException shuttingDown) {
      // The shutdown hook is running then.
    }
  }
}
