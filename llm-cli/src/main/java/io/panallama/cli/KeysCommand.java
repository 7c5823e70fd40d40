package io.panallama.cli;

import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code panallama keys}: a group; by itself it prints its help. */
@Command(
    name = "keys",
    description =
        "Make, list, rotate and revoke the keys of a server's users: \"keys create\". A running server follows at"
            + " once.",
    synopsisSubcommandLabel = "COMMAND")
final class KeysCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  /** The group with its commands. */
  static CommandLine with(CommandContext context) {
    return new CommandLine(new KeysCommand())
        .addSubcommand(new KeysCreateCommand(context))
        .addSubcommand(new KeysListCommand(context))
        .addSubcommand(new KeysRotateCommand(context))
        .addSubcommand(new KeysRevokeCommand(context));
  }

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
