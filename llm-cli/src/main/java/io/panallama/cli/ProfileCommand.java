package io.panallama.cli;

import io.panallama.cli.profile.CommandText;
import io.panallama.cli.profile.Explanation;
import io.panallama.cli.profile.FlightLog;
import io.panallama.cli.profile.FlightReader;
import io.panallama.cli.profile.FlightRecording;
import io.panallama.cli.profile.Jcmd;
import io.panallama.cli.profile.Jcmd.Jvm;
import io.panallama.cli.profile.ListeningProcess;
import io.panallama.cli.profile.ProfilePage;
import java.io.IOException;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code panallama profile}: records a running server and says where its latency spikes came from. */
@Command(
    name = "profile",
    description =
        "Record a running server of yours, with the process that computes for it, and say where latency spikes came"
            + " from: a flight recording (.jfr), and a page with a flame graph (.html).")
final class ProfileCommand implements Callable<Integer>, CheckedOptions {
  private static final int MOST_SECONDS = 3600;
  private static final int MOST_SPIKES = 1000;

  private final CommandContext context;

  @Option(
      names = "--pid",
      paramLabel = "PID",
      description = "The server's process. Default: the only server that runs.")
  private @Nullable Long pid;

  @Option(
      names = "--url",
      paramLabel = "URL",
      description =
          "The server that listens there, on this machine, such as http://127.0.0.1:8080. Linux only. Default: the only"
              + " one that runs.")
  private @Nullable URI url;

  @Option(
      names = "--seconds",
      paramLabel = "N",
      description = "How long to record, 1 to " + MOST_SECONDS + ". Default: ${DEFAULT-VALUE}.")
  private int seconds = 30;

  @Option(
      names = "--explain",
      paramLabel = "FILE",
      description = "Explain this recording (.jfr) instead of making one. Default: none.")
  private @Nullable Path explain;

  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description =
          "The page. The recording is put beside it, with .jfr at its end. Default: panallama-profile.html; with"
              + " --explain, no page.")
  private @Nullable Path output;

  @Option(
      names = "--spikes",
      paramLabel = "N",
      description = "How many spikes of each kind are printed. Default: ${DEFAULT-VALUE}.")
  private int spikes = 5;

  ProfileCommand(CommandContext context) {
    this.context = context;
  }

  @Override
  public void checkOptions() {
    if (seconds < 1 || seconds > MOST_SECONDS) {
      throw new UsageException("--seconds is " + seconds + "; it must be 1 to " + MOST_SECONDS + ".");
    }
    if (spikes < 0 || spikes > MOST_SPIKES) {
      throw new UsageException("--spikes is " + spikes + "; it must be 0 to " + MOST_SPIKES + ".");
    }
    if (pid != null && url != null) {
      throw new UsageException("--pid and --url name the same thing; give one of them.");
    }
    if (explain != null && (pid != null || url != null)) {
      throw new UsageException("--explain reads a recording; --pid and --url are for making one.");
    }
    Path page = output;
    if (page != null && page.getFileName() != null && page.getFileName().toString().endsWith(".jfr")) {
      throw new UsageException("--output is " + page + "; it must be the page, such as profile.html.");
    }
    if (url != null && port(url) < 0) {
      throw new UsageException(
          "--url is " + url + "; it must be the address of a server, such as http://127.0.0.1:8080.");
    }
  }

  @Override
  public Integer call() throws IOException, InterruptedException {
    checkOptions();
    Path recording = explain;
    if (recording != null) {
      FlightLog log = read(recording);
      tell(log);
      if (output != null) {
        Files.writeString(output, ProfilePage.of(log));
        context.err().println("page: " + Printable.line(output.toString()));
      }
      return ExitCode.OK;
    }
    return record();
  }

  private int record() throws IOException, InterruptedException {
    Path page = output == null ? Path.of("panallama-profile.html") : output;
    Path file = recordingBeside(page);
    Jcmd jcmd = Jcmd.ofThisJdk();
    List<Jvm> all = jcmd.processes();
    List<Jvm> recorded = new ArrayList<>(List.of(server(all)));
    long server = recorded.getFirst().pid();
    all.stream().filter(Jvm::isWorker).filter(worker -> worker.isChildOf(server)).forEach(recorded::add);
    context
        .err()
        .println(
            "recording "
                + recorded.stream().map(jvm -> Long.toString(jvm.pid())).collect(Collectors.joining(" and "))
                + " for "
                + seconds
                + " s; Ctrl-C ends it");
    CountDownLatch stop = new CountDownLatch(1);
    try (StopSignals.Registration _ = context.signals().onStop(stop::countDown);
        FlightRecording recording = FlightRecording.start(jcmd, recorded, Duration.ofSeconds(seconds))) {
      if (stop.await(seconds, TimeUnit.SECONDS)) {
        return ExitCode.INTERRUPTED;
      }
      for (Jvm lost : recording.finish(file)) {
        context.warn("Process " + lost.pid() + " has ended meanwhile; what it did is not in the recording.");
      }
    }
    FlightLog log = read(file);
    Files.writeString(page, ProfilePage.of(log));
    tell(log);
    context.err().println("recording: " + Printable.line(file.toString()));
    context.err().println("page: " + Printable.line(page.toString()));
    return ExitCode.OK;
  }

  private static Path recordingBeside(Path page) {
    String name = String.valueOf(page.getFileName());
    int dot = name.lastIndexOf('.');
    return page.resolveSibling((dot > 0 ? name.substring(0, dot) : name) + ".jfr");
  }

  private static FlightLog read(Path file) throws IOException {
    FlightLog log = FlightReader.read(file);
    if (!log.isOfPanallama()) {
      throw new UsageException(
          file + " has no events of Panallama: nothing was computed, or it is the recording of another program.");
    }
    return log;
  }

  private void tell(FlightLog log) {
    Explanation.lines(log, spikes).forEach(line -> context.out().println(Printable.text(line)));
  }

  // ---- the server ----

  private Jvm server(List<Jvm> all) throws IOException {
    if (pid != null) {
      long wanted = pid;
      return all.stream()
          .filter(jvm -> jvm.pid() == wanted)
          .findFirst()
          .orElseThrow(() -> new UsageException("--pid is " + wanted + "; no Java process of this user has it."));
    }
    List<Jvm> servers = all.stream().filter(Jvm::isServer).toList();
    if (url != null) {
      return listening(servers, url);
    }
    if (servers.isEmpty()) {
      throw new UsageException(
          "No server of this user runs on this machine; start one with panallama serve, or name a process with --pid.");
    }
    if (servers.size() > 1) {
      throw new UsageException(
          "Several servers run; choose one with --pid or --url: "
              + servers.stream()
                  .map(jvm -> jvm.pid() + " (" + CommandText.of(jvm.command()).replaceFirst("^\\S+ ", "") + ")")
                  .collect(Collectors.joining(", "))
              + ".");
    }
    return servers.getFirst();
  }

  private static Jvm listening(List<Jvm> servers, URI address) throws IOException {
    if (!ListeningProcess.isKnown()) {
      throw new UsageException("--url is for Linux only; name the server's process with --pid.");
    }
    int port = port(address);
    for (Jvm server : servers) {
      if (ListeningProcess.listens(server.pid(), port)) {
        return server;
      }
    }
    throw new UsageException(
        "--url is " + address + "; no server of this user listens on port " + port + " of this machine.");
  }

  /** The port of an address; -1 if it has none. */
  private static int port(URI address) {
    if (address.getHost() == null || address.getScheme() == null) {
      return -1;
    }
    return switch (address.getScheme()) {
      case "http" -> address.getPort() < 0 ? 80 : address.getPort();
      case "https" -> address.getPort() < 0 ? 443 : address.getPort();
      default -> -1;
    };
  }
}
