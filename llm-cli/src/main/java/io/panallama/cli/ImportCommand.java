package io.panallama.cli;

import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Spec;

/** {@code panallama import}: a group; by itself it prints its help. */
@Command(
    name = "import",
    description = "Convert a model from another format to a GGUF file: \"import onnx\".",
    synopsisSubcommandLabel = "FORMAT")
final class ImportCommand implements Runnable {
  @Spec private CommandSpec spec = CommandSpec.create();

  @Override
  public void run() {
    spec.commandLine().usage(spec.commandLine().getOut());
  }
}
