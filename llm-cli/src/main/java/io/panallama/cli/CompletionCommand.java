package io.panallama.cli;

import java.util.concurrent.Callable;
import picocli.AutoComplete;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code panallama completion}: a script that lets the shell complete commands and options. */
@Command(
    name = "completion",
    description = {
      "Print a script that lets bash or zsh complete commands and options.",
      "For this session: source <(panallama completion bash)"
    })
final class CompletionCommand implements Callable<Integer> {
  private final CommandContext context;

  @SuppressWarnings("UnusedVariable") // picocli checks the value; both shells read the same script
  @Parameters(paramLabel = "bash|zsh", converter = Shells.class, description = "The shell.")
  private Shell shell = Shell.BASH;

  @Spec private CommandSpec spec = CommandSpec.create();

  /** The supported shells. */
  enum Shell {
    BASH,
    ZSH
  }

  static final class Shells extends Words<Shell> {
    Shells() {
      super(Shell.class);
    }
  }

  CompletionCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    // Both shells use the same script; in zsh it loads bashcompinit first.
    context.out().println(AutoComplete.bash("panallama", spec.root().commandLine()));
    return ExitCode.OK;
  }
}
