package io.panallama.benchmarks;

import io.panallama.benchmarks.compare.Children;
import io.panallama.benchmarks.compare.Server;
import io.panallama.benchmarks.soak.Soak;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** Keeps a server busy for a long time and watches its memory, threads and descriptors. */
@Command(
    name = "soak",
    description =
        "Keeps a server busy with mixed requests, also wrong ones and clients that leave, and reports failures and what"
            + " becomes of its memory, threads and descriptors. Linux only.",
    mixinStandardHelpOptions = true)
final class SoakProgram implements Callable<Integer> {
  @Option(names = "--minutes", description = "Default ${DEFAULT-VALUE}.")
  private double minutes = 30;

  @Option(names = "--warm-up", paramLabel = "MINUTES", description = "Not counted for the slope; default: a third.")
  private @Nullable Double warmUp;

  @Option(names = "--clients", description = "Default ${DEFAULT-VALUE}.")
  private int clients = 12;

  @Option(names = "--seed", description = "Default ${DEFAULT-VALUE}.")
  private long seed = 1;

  @Option(
      names = "--serve",
      paramLabel = "WORD",
      description =
          "Argument for `panallama serve`, in place of the default ones; may be repeated. Default: the demo model on"
              + " one thread, and a cache of prefixes that is soon full, because one that fills looks like a leak.")
  private List<String> serve = List.of("--threads", "1", "--cache-ram", "64M");

  @Option(
      names = "--java-opts",
      paramLabel = "OPTIONS",
      description = "For the JVM of the server; default ${DEFAULT-VALUE}, because a heap that grows looks like a leak.")
  private String javaOptions = "-Xmx256m";

  @Option(names = "--json", paramLabel = "FILE", description = "Also write the results as JSON.")
  private @Nullable Path json;

  @Override
  public Integer call() throws Exception {
    Path root = Path.of("").toAbsolutePath();
    if (!Files.isExecutable(root.resolve("panallama"))) {
      throw new IllegalStateException("start this program in the folder of the checkout");
    }
    Map<String, Object> facts = new LinkedHashMap<>();
    facts.put("clients", clients);
    facts.put("seed", seed);
    facts.put("serve", String.join(" ", serve));
    facts.put("java options", javaOptions);
    Report report = new Report("soak", facts);
    int port = Server.freePort();
    List<String> command = new ArrayList<>(List.of(root.resolve("panallama").toString(), "serve"));
    command.addAll(List.of("--port", Integer.toString(port)));
    command.addAll(serve);
    Path log = Files.createDirectories(root.resolve("benchmarks/target")).resolve("soak-server.log");
    try (Children children = Children.create();
        Server server =
            Server.start(
                "serve",
                children,
                new Children.Command(command, root, Map.of("PANALLAMA_JAVA_OPTS", javaOptions)),
                port,
                "/ready",
                log,
                Duration.ofMinutes(10))) {
      Soak soak = new Soak(server.address(), server.pid(), clients, seed);
      Duration duration = Duration.ofMillis((long) (minutes * 60_000));
      Duration warm = warmUp == null ? duration.dividedBy(3) : Duration.ofMillis((long) (warmUp * 60_000));
      soak.run(duration, warm, (at, requests) -> report.progress("%d s: %d requests", at.toSeconds(), requests));
      soak.kept().forEach(System.out::println);
      report.counts(soak.figures());
      report.write(json);
      return soak.failures() == 0 && server.isAlive() ? 0 : 1;
    }
  }
}
