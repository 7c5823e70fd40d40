package io.panallama.benchmarks.compare;

import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** Compares our server with llama-server. */
final class ServerSections {
  private static final String RIVAL = "llama-server";

  private final Checkout checkout;
  private final Plan plan;
  private final Consumer<String> progress;

  ServerSections(Checkout checkout, Plan plan, Consumer<String> progress) {
    this.checkout = checkout;
    this.plan = plan;
    this.progress = progress;
  }

  /**
   * Adds a section for each kind of load, even if the servers could not be started.
   *
   * @param program llama-server
   * @return the version that llama-server reports
   */
  String run(Path program, List<Section> done) throws InterruptedException {
    int ourPort = Server.freePort();
    int theirPort = Server.freePort();
    Children.Command ours = plan.setup().ours(checkout, ourPort);
    Children.Command theirs = plan.setup().theirs(program, theirPort);
    List<String> commands = List.of(checkout.typed(ours), checkout.typed(theirs));
    progress.accept("servers: starting both");
    try (ServerPair pair = ServerPair.start(checkout, ours, ourPort, theirs, theirPort)) {
      ServerRounds.Driver driver = new LoadTestDriver(plan.effort(), plan.chat());
      ServerRounds rounds = new ServerRounds(driver, pair.ours(), pair.theirs(), progress);
      rounds.run(LoadCase.of(plan.effort(), plan.loads()), plan.effort().serverRounds());
      List<Section.Check> checks = List.of(pair.sameLibraries(), rounds.idleCheck());
      for (LoadCase.Kind kind : plan.loads()) {
        done.add(rounds.section(kind, RIVAL, method(kind), commands, checks));
      }
    } catch (CompareException e) {
      for (LoadCase.Kind kind : plan.loads()) {
        done.add(
            new Section(
                kind.id(),
                kind.title(),
                RIVAL,
                method(kind),
                commands,
                Section.Findings.none(),
                checkout.shortened(String.valueOf(e.getMessage()))));
      }
    }
    return version(program);
  }

  private static String version(Path program) {
    List<String> lines =
        new ArrayList<>(Checkout.output(Checkout.onOurLibraries(program, List.of("--version"))).lines().toList());
    return lines.stream()
        .filter(line -> line.startsWith("version:"))
        .findFirst()
        .orElse("unknown")
        .replaceFirst("version: *", "");
  }

  private String method(LoadCase.Kind kind) {
    Effort effort = plan.effort();
    return switch (kind) {
      case CHAT ->
          String.format(
              Locale.ROOT,
              "Every client sends a request as soon as its last answer is complete: prompts of %d tokens that have"
                  + " nothing in common, answers of %d, streamed. Both servers stay loaded, one is asked at a time;"
                  + " prompts are the same for both and new in every round.",
              effort.prompt(),
              effort.answer());
      case SHARED ->
          String.format(
              Locale.ROOT,
              "%d clients as above, with one system prompt of %d tokens before messages of %d; answers have %d. It is"
                  + " new in every round, so that no server has it cached when a round begins.",
              effort.sharedStreams(),
              effort.shared(),
              effort.prompt() / 2,
              effort.answer() / 2);
      case INTRUSION ->
          String.format(
              Locale.ROOT,
              "%d streams of %d tokens run; when each has 32, a prompt of %d tokens arrives. Gaps between events of the"
                  + " streams belong to its prefill if any part of them lies between its sending and its first token. A"
                  + " server can trade one for the other: ours holds the prompt back as far as its ITL target"
                  + " requires.",
              effort.intruded(),
              effort.intrudedAnswer(),
              effort.intruder());
    };
  }
}
