package io.panallama.benchmarks;

import io.panallama.benchmarks.compare.Children;
import io.panallama.benchmarks.compare.Server;
import io.panallama.benchmarks.soak.Crowd;
import io.panallama.benchmarks.soak.Footprint;
import io.panallama.benchmarks.soak.Remains;
import io.panallama.benchmarks.soak.ServerState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Many connections at once to a server with keys; afterwards nothing of them may be left. */
@Command(
    name = "crowd",
    description =
        "Asks a server over many connections, under four keys with limits: some clients leave in the middle, some read"
            + " slowly. Then tells what is left: sequences, cells, threads, descriptors, memory. Fails if something is,"
            + " or if an answer had a status that it should not have. Linux only.",
    mixinStandardHelpOptions = true)
final class CrowdProgram implements Callable<Integer> {
  /** The limits of the four keys, as options of {@code panallama keys create}. */
  private static final List<List<String>> LIMITS =
      List.of(
          List.of(),
          List.of("--concurrent-requests", "20"),
          List.of("--requests-per-minute", "1200"),
          List.of("--tokens-per-minute", "60000"));

  @Option(names = "--seconds", description = "Default ${DEFAULT-VALUE}.")
  private int seconds = 60;

  @Option(
      names = "--warm-up",
      paramLabel = "SECONDS",
      description = "The same load before it; default ${DEFAULT-VALUE}.")
  private int warmUp = 30;

  @Option(names = "--connections", description = "Default ${DEFAULT-VALUE}.")
  private int connections = 200;

  @Option(names = "--leaving", paramLabel = "PART", description = "Default ${DEFAULT-VALUE}.")
  private double leaving = 0.2;

  @Option(names = "--slow", paramLabel = "PART", description = "Default ${DEFAULT-VALUE}.")
  private double slow = 0.05;

  @Option(names = "--seed", description = "Default ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--serve",
      paramLabel = "WORD",
      description =
          "Argument for `panallama serve`, in place of the default ones; may be repeated. Default: the demo model on"
              + " one thread, and a cache of prefixes that is soon full, because one that fills looks like a leak.")
  private List<String> serve = List.of("--threads", "1", "--parallel", "16", "--cache-ram", "64M");

  @Option(
      names = "--java-opts",
      paramLabel = "OPTIONS",
      description =
          "For the JVMs of the server and of the engine's process; default ${DEFAULT-VALUE}, because a heap that grows"
              + " looks like a leak.")
  private String javaOptions = "-Xms180m -Xmx200m -XX:+AlwaysPreTouch";

  @Option(names = "--launcher", paramLabel = "FILE", description = "Default: panallama in the folder of the checkout.")
  private @Nullable Path launcher;

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    Path root = Path.of("").toAbsolutePath();
    Path program = launcher == null ? root.resolve("panallama") : launcher.toAbsolutePath();
    if (!Files.isExecutable(program)) {
      throw new IllegalStateException("start this program in the folder of the checkout, or name a launcher");
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("connections", connections);
    facts.put("seconds", seconds);
    facts.put("leaving", leaving);
    facts.put("slow", slow);
    facts.put("seed", seed);
    facts.put("serve", String.join(" ", serve));
    facts.put("java options", javaOptions);
    Report report = new Report("crowd", facts);
    try (TemporaryFolder folder = TemporaryFolder.create()) {
      return run(root, program, folder.path(), report);
    }
  }

  private int run(Path root, Path program, Path folder, Report report) throws Exception {
    Path keyFile = folder.resolve("keys.json");
    List<String> keys = new ArrayList<>();
    for (int i = 0; i < LIMITS.size(); i++) {
      keys.add(key(program, keyFile, "client-" + i, LIMITS.get(i)));
    }
    String operator = key(program, keyFile, "operator", List.of("--roles", "use,operate"));
    int port = Server.freePort();
    List<String> command = new ArrayList<>(List.of(program.toString(), "serve", "--port", Integer.toString(port)));
    command.addAll(List.of("--metrics", "--key-file", keyFile.toString()));
    command.addAll(serve);
    Path log = Files.createDirectories(root.resolve("benchmarks/target")).resolve("crowd-server.log");
    try (Children children = Children.create();
        Server server =
            Server.start(
                "serve",
                children,
                new Children.Command(command, root, Map.of("JDK_JAVA_OPTIONS", javaOptions)),
                port,
                "/ready",
                log,
                Duration.ofMinutes(10))) {
      ServerState state = new ServerState(server.address(), server.pid(), operator);
      crowd(server, keys, warmUp, 0, report);
      Remains before = state.idle();
      report.progress("after the warm-up: %s", before.line());
      Crowd crowd = crowd(server, keys, seconds, 1, report);
      Remains after = state.idle();
      List<String> leaked = after.leaked(before);
      report.counts(figures(crowd, before, after, leaked));
      crowd.unintended().forEach(System.out::println);
      report.write(json);
      return leaked.isEmpty() && crowd.wrong() == 0 && server.isAlive() ? 0 : 1;
    }
  }

  private Crowd crowd(Server server, List<String> keys, int length, int part, Report report)
      throws IOException, InterruptedException {
    Crowd crowd = new Crowd(server.address(), keys, new Crowd.Plan(connections, leaving, slow, 2 * seed + part));
    crowd.run(
        Duration.ofSeconds(length),
        (time, requests) -> {
          if (time.toSeconds() % 10 == 0) {
            Footprint now = Footprint.of(server.pid());
            report.progress(
                "%d s: %d requests, %.1f MiB, %d threads, %d descriptors",
                time.toSeconds(), requests, now.residentKib() / 1024.0, now.threads(), now.descriptors());
          }
        });
    return crowd;
  }

  private Map<String, String> figures(Crowd crowd, Remains before, Remains after, List<String> leaked) {
    Map<String, String> figures = new LinkedHashMap<>();
    figures.put(
        "requests",
        String.format(Locale.ROOT, "%d, %.1f per second", crowd.requests(), crowd.requests() / (double) seconds));
    crowd.outcomes().forEach((status, count) -> figures.put("  " + status, count.toString()));
    figures.put("wrong answers", Long.toString(crowd.wrong()));
    figures.put("idle, after the warm-up", before.line());
    figures.put("idle, at the end", after.line());
    figures.put("left over", leaked.isEmpty() ? "nothing" : String.join("; ", leaked));
    return figures;
  }

  private static String key(Path program, Path file, String id, List<String> options)
      throws IOException, InterruptedException {
    List<String> command = new ArrayList<>(List.of(program.toString(), "keys", "create"));
    command.addAll(List.of("--key-file", file.toString(), "--id", id));
    command.addAll(options);
    Process process = new ProcessBuilder(command).redirectError(ProcessBuilder.Redirect.INHERIT).start();
    process.getOutputStream().close();
    String secret = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (process.waitFor() != 0) {
      throw new IOException("no key could be made: " + String.join(" ", command));
    }
    return secret;
  }
}
