package io.panallama.benchmarks.compare;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.panallama.demo.DemoModel;
import io.panallama.load.Slo;
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
import java.util.OptionalDouble;
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
      "Without options: the generated 125M model in Q8_0 and all sections, about 100 minutes on two processors. Nothing"
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
      description = "Any of the sections of docs/performance.md, such as engine, batch, chat, mixed; default: all.")
  private List<String> sections = List.of();

  @Option(
      names = {"-m", "--model"},
      paramLabel = "FILE",
      description = "A GGUF file, or demo; default: 125M parameters in Q8_0 with random weights, written if missing.")
  private @Nullable String model;

  @Option(
      names = "--embedding-model",
      paramLabel = "FILE|NAME",
      description =
          "The model of the section embeddings: a GGUF file, or one that `panallama pull` fetches; default"
              + " ${DEFAULT-VALUE}.",
      defaultValue = EmbeddingSection.MODEL)
  private String embeddingModel = EmbeddingSection.MODEL;

  @Option(
      names = "--no-onnx",
      description = "Leave ONNX Runtime and LangChain4j, 250 MB to fetch, out of the section embeddings.")
  private boolean withoutOnnx;

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
      description = "Give both a split KV cache, with --ctx-size tokens for each slot, instead of a unified one.")
  private boolean separateCaches;

  @Option(
      names = "--slo",
      paramLabel = "LIMITS",
      description =
          "The SLO of the section mixed: any of ttft, tpot (a request's mean time per token), itl (its p99) and e2e;"
              + " default ttft=450ms,tpot=40ms.")
  private @Nullable String slo;

  @Option(
      names = "--share",
      description = "The share of the peer's capacity that arrives in the section mixed; default ${DEFAULT-VALUE}.",
      defaultValue = "0.7")
  private double share = 0.7;

  @Option(
      names = "--rate",
      paramLabel = "PER SECOND",
      description = "The requests per second of the section mixed, instead of measuring the capacity.")
  private @Nullable Double rate;

  @Option(
      names = "--with",
      paramLabel = "COMMIT",
      description =
          "Compare the server with that of another commit of ours instead of llama-server. It is built in a"
              + " worktree that is removed afterwards; the libraries of llama.cpp are taken from the build's cache.")
  private @Nullable String commit;

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
      data = measured(plan, checkout, facts, warnings(machine));
    } catch (CompareException e) {
      System.err.println("compare: " + e.getMessage());
      return 1;
    }
    write(data, folder);
    return data.isWhole() ? 0 : 1;
  }

  private ReportData measured(Plan plan, Checkout checkout, Map<String, String> facts, List<String> warnings)
      throws InterruptedException {
    String other = commit;
    if (other == null) {
      Programs programs = programs(checkout);
      return report(plan, facts, warnings, programs.server(), sections(plan, checkout, programs, facts));
    }
    say("building commit " + other);
    try (Worktree worktree = Worktree.of(checkout, other)) {
      Peer peer = OtherCommit.build(worktree.checkout());
      List<Section> done = new ArrayList<>();
      facts.put(peer.name(), new ServerSections(checkout, plan, this::say).run(peer, done));
      return report(plan, facts, warnings, peer, done);
    }
  }

  private ReportData report(
      Plan plan, Map<String, String> facts, List<String> warnings, Peer peer, List<Section> done) {
    for (Section section : done) {
      if (!section.failure().isEmpty()) {
        say(section.id() + " failed: " + section.failure());
      }
    }
    facts.put("took", Numbers.duration(Duration.ofNanos(System.nanoTime() - begin)));
    return new ReportData(
        peer.name(), facts, warnings, plan.needsServers() ? peer.terms(plan.setup()) : List.of(), done);
  }

  private Plan plan() {
    if (rounds < 0 || threads < 0 || slots < 1 || context < 1 || batch < 1) {
      throw wrong(
          "--rounds and --threads must not be negative; --slots, --ctx-size and --batch-size must be 1 or more");
    }
    Effort effort = quick ? Effort.QUICK : Effort.FULL;
    if (rounds > 0) {
      effort = effort.withRounds(rounds);
    }
    effort = effort.withLoads(loads(effort.loads()));
    int streams = effort.loads().mostSlots();
    if (slots < streams) {
      throw wrong("--slots is " + slots + "; the loads have up to " + streams + " streams at a time");
    }
    Path home = root.toAbsolutePath().normalize();
    Path file = model(home);
    int count = threads > 0 ? threads : defaultThreads(file);
    ServerPair.Setup setup =
        new ServerPair.Setup(file, count, slots, context, batch, gpuLayers, separateCaches, oursToo, theirsToo);
    return new Plan(home, sections(), effort, setup, quick, !completions);
  }

  /** The sections that can be measured with these options; those that were asked for must be among them. */
  private List<String> sections() {
    List<String> possible =
        Plan.ALL.stream()
            .filter(section -> commit == null || Plan.kind(section).isPresent())
            .filter(section -> !completions || Plan.kind(section).filter(LoadCase.Kind::needsChat).isEmpty())
            .toList();
    for (String section : sections) {
      if (!possible.contains(section)) {
        throw wrong("--sections has " + section + "; with these options there are " + String.join(", ", possible));
      }
    }
    return sections.isEmpty() ? possible : sections;
  }

  private Loads loads(Loads loads) {
    try {
      Slo limits = slo == null ? loads.mixed().slo() : Slo.parse(slo);
      OptionalDouble arrivals = rate == null ? OptionalDouble.empty() : OptionalDouble.of(rate);
      return loads.withMixed(loads.mixed().with(share, arrivals, limits));
    } catch (IllegalArgumentException e) {
      throw wrong("--slo, --share and --rate: " + e.getMessage());
    }
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
    if (plan.needsModel()) {
      facts.put("model", Checkout.describe(plan.setup().model()));
    }
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

  /** llama.cpp's programs. All are found before anything is measured: a wrong path must not cost finished measurements. */
  private record Programs(Path bench, Path batchedBench, LlamaServer server) {}

  private Programs programs(Checkout checkout) throws InterruptedException {
    if (llamaBench == null || llamaBatchedBench == null || llamaServer == null) {
      say("llama.cpp's programs: two to three minutes if they have to be compiled");
      checkout.buildYardsticks(this::say);
    }
    return new Programs(
        checkout.yardstick("llama-bench", llamaBench),
        checkout.yardstick("llama-batched-bench", llamaBatchedBench),
        new LlamaServer(checkout.yardstick(LlamaServer.NAME, llamaServer)));
  }

  private List<Section> sections(Plan plan, Checkout checkout, Programs programs, Map<String, String> facts)
      throws InterruptedException {
    List<Section> done = new ArrayList<>();
    EngineSections engine = new EngineSections(checkout, plan.engineOptions(), plan.effort(), line -> say("  " + line));
    if (plan.has("engine")) {
      say("engine: tg128 and pp512 beside llama-bench");
      done.add(engine.engine(programs.bench()));
    }
    if (plan.has("batch")) {
      say("batch: B = " + plan.effort().batchStreams() + " beside llama-batched-bench");
      done.add(engine.batch(programs.batchedBench(), separateCaches));
    }
    if (plan.has(EmbeddingSection.ID)) {
      EmbeddingSection embeddings =
          new EmbeddingSection(
              checkout, plan.setup().threads(), plan.effort().serverRounds(), line -> say("  " + line));
      List<OnnxPeer> others = withoutOnnx ? List.of() : List.of(OnnxPeer.values());
      done.addAll(embeddings.run(programs.server(), embeddingModel, others));
    }
    if (plan.needsServers()) {
      Peer server = programs.server();
      facts.put(server.name(), new ServerSections(checkout, plan, this::say).run(server, done));
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
