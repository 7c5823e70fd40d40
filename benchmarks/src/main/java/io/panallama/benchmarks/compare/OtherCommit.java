package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.ReportData.Term;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/**
 * Our own server of another commit, with the same options as far as it knows them.
 *
 * @param worktree its sources
 * @param help what its {@code serve --help} prints
 */
record OtherCommit(Checkout worktree, String help) implements Peer {
  /**
   * The server of a worktree; builds it.
   *
   * @throws CompareException if it cannot be built
   */
  static OtherCommit build(Checkout worktree) {
    String help = Checkout.output(worktree.panallama(List.of("serve", "--help")));
    if (help.isBlank()) {
      throw new CompareException(
          "./panallama serve --help failed in " + worktree.root() + ": the commit may not build on this machine");
    }
    return new OtherCommit(worktree, help);
  }

  @Override
  public String name() {
    return "commit " + worktree.revision();
  }

  @Override
  public Children.Command command(Checkout checkout, ServerPair.Setup setup, int port) {
    return worktree.panallama(setup.serve(port, terms(setup).stream().map(Term::theirs).toList(), setup.theirsToo()));
  }

  @Override
  public List<Term> terms(ServerPair.Setup setup) {
    List<Term> terms = new ArrayList<>();
    for (Term term : setup.terms()) {
      String known = known(term.ours());
      if (known.equals(term.ours())) {
        // What is said about llama-server does not hold for it; what was asked for besides does.
        boolean further = term.what().equals(ServerPair.Setup.FURTHER);
        terms.add(
            new Term(term.what(), term.ours(), further ? term.theirs() : known, further ? term.why() : "the same"));
      } else {
        terms.add(
            new Term(
                term.what(),
                term.ours(),
                known.isEmpty() ? "(unknown there)" : known,
                "the other commit does not know it"));
      }
    }
    return terms;
  }

  /** The options without those that this commit does not know. */
  private String known(String options) {
    if (options.startsWith("(")) {
      return options;
    }
    List<String> known = new ArrayList<>();
    boolean takes = false;
    for (String word : options.split(" ")) {
      if (word.startsWith("--")) {
        takes = knows(word);
      }
      if (takes) {
        known.add(word);
      }
    }
    return String.join(" ", known);
  }

  private boolean knows(String option) {
    return Pattern.compile("(?<![\\w-])" + Pattern.quote(option) + "(?![\\w-])").matcher(help).find()
        || help.contains("--[no-]" + option.substring(2).replaceFirst("^no-", ""));
  }

  @Override
  public String readyPath() {
    return ServerPair.READY;
  }

  @Override
  public String log() {
    return "panallama-serve-theirs.log";
  }

  @Override
  public String version() {
    return worktree.revision();
  }
}
