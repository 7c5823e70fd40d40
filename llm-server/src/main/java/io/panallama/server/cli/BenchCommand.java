package io.panallama.server.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code panallama bench}: what can be measured. */
@Command(name = "bench", description = "Measure a server.")
final class BenchCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    throw new ParameterException(
        spec.commandLine(), "a command is needed: " + String.join(", ", spec.subcommands().keySet()));
  }
}
