package io.panallama.benchmarks;

import io.panallama.benchmarks.compare.CompareProgram;
import picocli.CommandLine;
import picocli.CommandLine.Command;

/** {@code benchmarks/run NAME [options]}. */
@Command(
    name = "benchmarks/run",
    description = "Measures Panallama; docs/performance.md describes the programs.",
    mixinStandardHelpOptions = true,
    synopsisSubcommandLabel = "NAME",
    subcommands = {
      ModelsProgram.class,
      EngineProgram.class,
      BatchProgram.class,
      IntrusionProgram.class,
      EnginesProgram.class,
      IsolationProgram.class,
      GrammarProgram.class,
      JvmProgram.class,
      SessionsProgram.class,
      SoakProgram.class,
      CrowdProgram.class,
      RetrievalProgram.class,
      SearchProgram.class,
      CompareProgram.class
    })
final class Main {
  private Main() {}

  public static void main(String[] args) {
    System.exit(commandLine().execute(args));
  }

  static CommandLine commandLine() {
    return new CommandLine(new Main()).setCaseInsensitiveEnumValuesAllowed(true);
  }
}
