package io.panallama.benchmarks.compare;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.panallama.demo.DemoModel;
import io.panallama.load.measure.Machine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code benchmarks/compare}: runs all sections, then writes the report and the raw data. */
@Command(
    name = "compare",
    description = {
      "Compares Panallama with llama-bench, llama-batched-bench and llama-server, in turns, and writes a report.",
      "",
      "Without options: the generated 125M model in Q8_0 and all sections, about 45 minutes on two processors. Nothing"
          + " else should run meanwhile."
    },
    mixinStandardHelpOptions = true,
    showDefaultValues = false)
public final class CompareProgram implements Callable<Integer> {
  /** Smaller models fit the caches of one processor, where more threads only wait for each other; `serve` has the same rule. */
  private static final long SMALL_MODEL = 16 << 20;

  private static final String DEMO = "demo";

  @Spec private @Nullable CommandSpec spec;

  @Option(names = "--root", hidden = true, defaultValue = ".")
  private Path root = Path.of(".");

  @Option(
      names = "--quick",
      description = "The demo model and few rounds: a few minutes, to see that all of it works; gives no verdicts.")
  private boolean quick;

  @Option(
      names = "--sections",
      split = ",",
      paramLabel = "NAME",
      description = "Any of engine, batch, chat, shared-prompt, long-prompt; default: all.")
  private List<String> sections = Plan.ALL;

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "A GGUF file, or demo; default: 125M parameters in Q8_0 with random weights, written if missing.")
  private @Nullable String model;

  @Option(
      names = {"-t", "--threads"},
      description = "Threads of both sides; default: one per processor, 1 for models below 16 MiB.")
  private int threads;

  @Option(
      names = "--rounds",
      description = "Rounds of every section, instead of its default; a verdict needs at least 5.")
  private int rounds;

  @Option(names = "--slots", description = "Slots of both servers; default ${DEFAULT-VALUE}.", defaultValue = "16")
  private int slots;

  @Option(
      names = {"-c", "--ctx-size"},
      paramLabel = "TOKENS",
      description = "Context of a server, shared by all its slots; default ${DEFAULT-VALUE}.",
      defaultValue = "16384")
  private int context;

  @Option(
      names = {"-b", "--batch-size"},
      paramLabel = "TOKENS",
      description = "Most tokens of a step of both servers; default ${DEFAULT-VALUE}.",
      defaultValue = "512")
  private int batch;

  @Option(
      names = {"-ngl", "--gpu-layers"},
      paramLabel = "N",
      description = "A number or all; default ${DEFAULT-VALUE}.",
      defaultValue = "all")
  private String gpuLayers = "all";

  @Option(
      names = "--separate-caches",
      description = "Give llama.cpp a KV cache per sequence; ours keeps a unified one.")
  private boolean separateCaches;

  @Option(names = "--completions", description = "Use /v1/completions, for models without a chat template.")
  private boolean completions;

  @Option(names = "--llama-bench", paramLabel = "PROGRAM", description = "Use this program instead of compiling one.")
  private @Nullable Path llamaBench;

  @Option(names = "--llama-batched-bench", paramLabel = "PROGRAM", description = "Likewise.")
  private @Nullable Path llamaBatchedBench;

  @Option(names = "--llama-server", paramLabel = "PROGRAM", description = "Likewise.")
  private @Nullable Path llamaServer;

  @Option(
      names = "--ours",
      paramLabel = "WORD",
      description = "Further argument for `panallama serve`; may be repeated.")
  private List<String> oursToo = List.of();

  @Option(names = "--theirs", paramLabel = "WORD", description = "Further argument for llama-server; may be repeated.")
  private List<String> theirsToo = List.of();

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FOLDER",
      description = "Folder for report.html, report.json and logs; default benchmarks/target/compare/TIME.")
  private @Nullable Path output;

  private final long begin = System.nanoTime();

  @Override
  public Integer call() throws Exception {
    Plan plan = plan();
    Machine machine = Machine.read();
    Path folder = output == null ? plan.root().resolve("benchmarks/target/compare").resolve(stamp(machine)) : output;
    Path logs = Files.createDirectories(folder.toAbsolutePath().resolve("logs"));
    say(plan.announcement());
    ReportData data;
    try (Children children = Children.create()) {
      Checkout checkout = new Checkout(plan.root(), children, logs);
      Map<String, String> facts = facts(machine, checkout, plan);
      List<Section> done = sections(plan, checkout, facts);
      facts.put("took", Numbers.duration(Duration.ofNanos(System.nanoTime() - begin)));
      data = new ReportData(facts, warnings(machine), plan.needsServers() ? plan.setup().terms() : List.of(), done);
    } catch (CompareException e) {
      System.err.println("compare: " + e.getMessage());
      return 1;
    }
    write(data, folder);
    return data.isWhole() ? 0 : 1;
  }

  private Plan plan() {
    for (String section : sections) {
      if (!Plan.ALL.contains(section)) {
        throw wrong("--sections has " + section + "; there are " + String.join(", ", Plan.ALL));
      }
    }
    if (rounds < 0 || threads < 0 || slots < 1 || context < 1 || batch < 1) {
      throw wrong(
          "--rounds and --threads must not be negative; --slots, --ctx-size and --batch-size must be 1 or more");
    }
    Effort effort = quick ? Effort.QUICK : Effort.FULL;
    if (rounds > 0) {
      effort = effort.withRounds(rounds, rounds, rounds);
    }
    int streams = effort.mostServerStreams();
    if (slots < streams) {
      throw wrong("--slots is " + slots + "; the loads have up to " + streams + " streams at a time");
    }
    Path home = root.toAbsolutePath().normalize();
    Path file = model(home);
    int count = threads > 0 ? threads : defaultThreads(file);
    ServerPair.Setup setup =
        new ServerPair.Setup(file, count, slots, context, batch, gpuLayers, separateCaches, oursToo, theirsToo);
    return new Plan(home, sections, effort, setup, quick, !completions);
  }

  private Path model(Path home) {
    String name = model == null ? quick ? DEMO : "" : model;
    if (name.equals(DEMO)) {
      return DemoModel.extract();
    }
    if (name.isEmpty()) {
      return home.resolve("benchmarks/target/models").resolve(Plan.GENERATED + ".gguf");
    }
    Path file = Path.of(name).toAbsolutePath();
    if (!Files.isReadable(file)) {
      throw wrong("--model: there is no file " + file + " that can be read");
    }
    return file;
  }

  private static int defaultThreads(Path file) {
    try {
      return Files.exists(file) && Files.size(file) < SMALL_MODEL ? 1 : Runtime.getRuntime().availableProcessors();
    } catch (IOException e) {
      return Runtime.getRuntime().availableProcessors();
    }
  }

  private ParameterException wrong(String message) {
    if (spec == null) {
      throw new IllegalArgumentException(message);
    }
    return new ParameterException(spec.commandLine(), message);
  }

  /** The facts known before anything is measured; later steps add theirs. */
  private Map<String, String> facts(Machine machine, Checkout checkout, Plan plan) throws InterruptedException {
    plan.prepare(checkout, this::say);
    Map<String, String> facts = new LinkedHashMap<>();
    facts.put("measured", machine.time().toString());
    facts.put("took", "");
    facts.put("processor", machine.processor() + ", " + machine.processors() + " processors for this process");
    facts.put("GPU", machine.gpus().isEmpty() ? "none" : String.join(", ", machine.gpus()));
    facts.put("system", machine.system());
    facts.put("load at start", String.format(Locale.ROOT, "%.2f", machine.load()));
    facts.put("Java", machine.java());
    facts.put(
        "llama.cpp", machine.llama() + ", backend " + machine.backend() + ", CPU library " + machine.cpuLibrary());
    facts.put("Panallama", checkout.revision());
    facts.put("model", Checkout.describe(plan.setup().model()));
    facts.put("command", checkout.shortened("benchmarks/compare " + String.join(" ", arguments())));
    return facts;
  }

  private List<String> arguments() {
    if (spec == null) {
      return List.of();
    }
    List<String> arguments = new ArrayList<>(spec.commandLine().getParseResult().originalArgs());
    arguments.remove(spec.name());
    int place = arguments.indexOf("--root");
    if (place >= 0) {
      arguments.subList(place, Math.min(place + 2, arguments.size())).clear();
    }
    return arguments;
  }

  private static List<String> warnings(Machine machine) {
    return machine.isBusy()
        ? List.of(
            String.format(
                Locale.ROOT,
                "The machine was busy at the start (load %.2f), so these are not the figures of an idle machine.",
                machine.load()))
        : List.of();
  }

  private List<Section> sections(Plan plan, Checkout checkout, Map<String, String> facts) throws InterruptedException {
    if (llamaBench == null || llamaBatchedBench == null || llamaServer == null) {
      say("llama.cpp's programs: two to three minutes if they have to be compiled");
      checkout.buildYardsticks(this::say);
    }
    // All programs are found before anything is measured: a wrong path must not cost finished measurements.
    Path bench = checkout.yardstick("llama-bench", llamaBench);
    Path batchedBench = checkout.yardstick("llama-batched-bench", llamaBatchedBench);
    Path server = checkout.yardstick("llama-server", llamaServer);
    List<Section> done = new ArrayList<>();
    EngineSections engine = new EngineSections(checkout, plan.engineOptions(), plan.effort(), line -> say("  " + line));
    if (plan.has("engine")) {
      say("engine: tg128 and pp512 beside llama-bench");
      done.add(engine.engine(bench));
    }
    if (plan.has("batch")) {
      say("batch: B = " + plan.effort().batchStreams() + " beside llama-batched-bench");
      done.add(engine.batch(batchedBench, separateCaches));
    }
    if (plan.needsServers()) {
      facts.put("llama-server", new ServerSections(checkout, plan, this::say).run(server, done));
    }
    for (Section section : done) {
      if (!section.failure().isEmpty()) {
        say(section.id() + " failed: " + section.failure());
      }
    }
    return done;
  }

  private void write(ReportData data, Path folder) throws IOException {
    Path page = folder.resolve("report.html");
    Path raw = folder.resolve("report.json");
    new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT).writeValue(raw.toFile(), data.json());
    Files.writeString(page, HtmlReport.of(data, raw.getFileName().toString()));
    System.out.print(Digest.of(data));
    System.out.println(page);
    System.out.println(raw);
  }

  private void say(String line) {
    Duration elapsed = Duration.ofNanos(System.nanoTime() - begin);
    System.err.printf("[%2d:%02d] %s%n", elapsed.toMinutes(), elapsed.toSecondsPart(), line);
  }

  private static String stamp(Machine machine) {
    Instant time = machine.time().truncatedTo(ChronoUnit.SECONDS);
    return DateTimeFormatter.ofPattern("yyyyMMdd-HHmmss", Locale.ROOT).withZone(ZoneOffset.UTC).format(time);
  }
}
