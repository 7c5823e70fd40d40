package io.panallama.cli;

import io.panallama.cli.settings.Settings;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.ModelPreflight;
import io.panallama.load.bench.BenchCase;
import io.panallama.load.bench.BenchException;
import io.panallama.load.bench.BenchFormat;
import io.panallama.load.bench.BenchHead;
import io.panallama.load.bench.BenchOutput;
import io.panallama.load.bench.BenchPlan;
import io.panallama.load.bench.BenchRunner;
import io.panallama.load.measure.Machine;
import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.OptionalLong;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.ITypeConverter;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.TypeConversionException;

/** {@code panallama bench}: benchmarks this machine, using llama-bench's metrics. */
@Command(
    name = "bench",
    description = {
      "Benchmark this machine, using llama-bench's metrics: how fast it processes prompts and generates answers.",
      "A LIST is 512, 1,2,8, 1-4, 0-2048+512 or 1-32*2; an option may also be repeated. Every combination is measured."
    })
final class BenchCommand implements Callable<Integer> {
  private final CommandContext context;

  @Mixin private BenchGridOptions grid = new BenchGridOptions();
  @Mixin private BackendOption backend = new BackendOption();

  @Option(
      names = {"-r", "--repetitions"},
      paramLabel = "N",
      description = "Number of measured repetitions of each test. Default: 5.")
  private int repetitions = 5;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      converter = Pause.class,
      description =
          "Run each test unmeasured, at least once and for this long, before it is measured; 0 turns that off. Default:"
              + " 1.")
  private Duration warmUp = Duration.ofSeconds(1);

  @Option(
      names = "--delay",
      paramLabel = "SECONDS",
      converter = Pause.class,
      description = "Pause before each test, to let the machine cool down. Default: 0.")
  private Duration delay = Duration.ZERO;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FORMAT",
      converter = Format.class,
      description = "Output format: table, markdown, json, jsonl or csv. Default: table.")
  private BenchFormat format = BenchFormat.TABLE;

  @Option(
      names = "--save",
      paramLabel = "FILE",
      split = Settings.SEPARATOR,
      hideParamSyntax = true,
      description =
          "Also write a file, in the format that its extension names: .txt, .md, .json, .jsonl, .csv; can be given"
              + " several times. Default: none.")
  private List<Path> files = List.of();

  BenchCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    backend.select(context.inference());
    try {
      BenchPlan plan = new BenchPlan(repetitions, warmUp, delay);
      return run(plan, cases());
    } catch (BenchException refused) {
      throw new UsageException(String.valueOf(refused.getMessage()), refused);
    }
  }

  /** Refuses everything that is known to fail before hours are spent on the first tests. */
  private List<BenchCase> cases() {
    files.forEach(BenchCommand::format);
    List<BenchCase> cases;
    try {
      cases = grid.grid().cases();
    } catch (IllegalArgumentException refused) {
      throw new UsageException(OptionNames.in(refused).replace("--slots", "--parallel"), refused);
    }
    for (Path model : cases.stream().map(BenchCase::file).distinct().toList()) {
      GgufFile file = GgufFile.read(model);
      ModelPreflight.check(file);
      ModelPreflight.requireWeights(file);
      OptionalLong trained = ModelOutline.of(file).contextLength();
      if (trained.isPresent()) {
        cases.stream()
            .filter(each -> each.file().equals(model))
            .forEach(each -> each.requireContext(trained.getAsLong()));
      }
    }
    return cases;
  }

  private int run(BenchPlan plan, List<BenchCase> cases) throws IOException, InterruptedException {
    List<PrintStream> opened = new ArrayList<>();
    List<BenchOutput> outputs = new ArrayList<>(List.of(format.to(context.out())));
    try (BenchProgress progress =
        new BenchProgress(context.err(), context.errTerminal(), cases.size(), plan.repetitions(), outputs)) {
      BenchRunner runner = new BenchRunner(plan, progress);
      BenchHead head = new BenchHead(Machine.read(), Main.Version.number(), plan, cases);
      backend
          .disappointment(context.inference()::natives)
          .ifPresent(why -> context.warn("Computing on the CPU, not with CUDA: " + why));
      // Last, because opening the files empties them.
      for (Path file : files) {
        PrintStream stream = open(file);
        opened.add(stream);
        outputs.add(format(file).to(stream));
      }
      for (BenchOutput output : outputs) {
        output.begin(head);
      }
      try (StopSignals.Registration _ = context.signals().onStop(runner::stop)) {
        return runner.run(cases) ? ExitCode.OK : ExitCode.INTERRUPTED;
      } finally {
        // Results that were measured before a failure are still useful.
        progress.clear();
        for (BenchOutput output : outputs) {
          output.end();
        }
      }
    } finally {
      close(opened);
    }
  }

  private static PrintStream open(Path file) {
    try {
      return new PrintStream(Files.newOutputStream(file), false, StandardCharsets.UTF_8);
    } catch (IOException failure) {
      throw new UsageException("--save: " + file + " can't be written: " + FileTrouble.reason(failure), failure);
    }
  }

  private void close(List<PrintStream> opened) throws IOException {
    for (int i = 0; i < opened.size(); i++) {
      opened.get(i).close();
      if (opened.get(i).checkError()) {
        throw new IOException(files.get(i) + " could not be written to its end.");
      }
    }
  }

  private static BenchFormat format(Path file) {
    return BenchFormat.ofFile(file.toString())
        .orElseThrow(() ->
            new UsageException(
                "--save: "
                    + file
                    + " must end in one of "
                    + BenchFormat.extensions()
                    + ", which say how it is written."));
  }

  static final class Format implements ITypeConverter<BenchFormat> {
    @Override
    public BenchFormat convert(String value) {
      try {
        return value.equalsIgnoreCase("md")
            ? BenchFormat.MARKDOWN
            : BenchFormat.valueOf(value.toUpperCase(Locale.ROOT));
      } catch (IllegalArgumentException unknown) {
        throw new TypeConversionException("'" + value + "' is none of table, markdown, json, jsonl, csv");
      }
    }
  }

  static final class Pause implements ITypeConverter<Duration> {
    @Override
    public Duration convert(String value) {
      double seconds;
      try {
        seconds = Double.parseDouble(value);
      } catch (NumberFormatException notANumber) {
        throw new TypeConversionException("'" + value + "' is not a number of seconds");
      }
      long most = BenchPlan.LONGEST_PAUSE.toSeconds();
      if (!(seconds >= 0 && seconds <= most)) {
        throw new TypeConversionException("'" + value + "' is not 0 to " + most);
      }
      return Duration.ofNanos((long) Math.ceil(seconds * 1e9));
    }
  }
}
