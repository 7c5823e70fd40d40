package io.panallama.cli;

import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import java.time.Duration;
import java.util.Optional;
import picocli.CommandLine.Option;

/** The options of a command whose models may each run in a process of its own. */
final class IsolationOptions {
  private static final IsolationConfig DEFAULTS = IsolationConfig.defaults();

  /** When an engine runs in a process of its own. */
  enum Isolate {
    AUTO,
    ALWAYS,
    NEVER
  }

  static final class IsolateWord extends Words<Isolate> {
    IsolateWord() {
      super(Isolate.class);
    }
  }

  @Option(
      names = "--isolate",
      paramLabel = "auto|always|never",
      converter = IsolateWord.class,
      description =
          "Whether each model runs in a process of its own, which is replaced if it dies while answers go on. Default:"
              + " auto, which means always on Linux and never elsewhere.")
  private Isolate isolate = Isolate.AUTO;

  @Option(
      names = "--step-limit",
      paramLabel = "SECONDS",
      description = "Without --isolate never: how long one step may take before the process is replaced. Default: 60.")
  private long stepLimit = DEFAULTS.stepLimit().toSeconds();

  @Option(
      names = "--worker-memory",
      paramLabel = "SIZE",
      converter = Size.class,
      description =
          "Without --isolate never: memory that the process may allocate, without the mapped model, such as 8G; 0 means"
              + " no limit. Default: 0.")
  private long memory = DEFAULTS.memoryBytes();

  /** What auto means: workers have been tried on Linux, where they cost little ({@code benchmarks/run isolation}). */
  static boolean autoIsolates(String system) {
    return system.equals("Linux");
  }

  /**
   * Sets where the engine computes.
   *
   * @throws UsageException if the limit of a step is too small
   */
  void configure(EngineConfig.Builder engine) {
    limits().ifPresent(limits -> engine.isolation(Isolation.PROCESS).isolationConfig(limits));
  }

  /**
   * The limits of a process of its own.
   *
   * @return empty if there is to be none
   * @throws UsageException if the limit of a step is too small
   */
  Optional<IsolationConfig> limits() {
    boolean isolated =
        switch (isolate) {
          case AUTO -> autoIsolates(System.getProperty("os.name", ""));
          case ALWAYS -> true;
          case NEVER -> false;
        };
    if (stepLimit < 1) {
      throw new UsageException("--step-limit is " + stepLimit + "; it must be 1 or more.");
    }
    return isolated
        ? Optional.of(IsolationConfig.builder().stepLimit(Duration.ofSeconds(stepLimit)).memoryBytes(memory).build())
        : Optional.empty();
  }
}
