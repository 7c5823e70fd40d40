package io.panallama.benchmarks.compare;

import java.util.List;
import java.util.function.Consumer;

/** Compares our server with its peer. */
final class ServerSections {
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
   * @return the version that the peer reports
   */
  String run(Peer peer, List<Section> done) throws InterruptedException {
    int ourPort = Server.freePort();
    int theirPort = Server.freePort();
    Children.Command ours = plan.setup().ours(checkout, ourPort);
    Children.Command theirs = peer.command(checkout, plan.setup(), theirPort);
    List<String> commands = List.of(checkout.typed(ours), checkout.typed(theirs));
    progress.accept("servers: starting both");
    try (ServerPair pair = ServerPair.start(checkout, ours, ourPort, peer, theirs, theirPort)) {
      ServerRounds.Driver driver = new LoadTestDriver(plan.effort().loads(), plan.chat());
      ServerRounds rounds = new ServerRounds(peer.name(), driver, pair.ours(), pair.theirs(), progress);
      rounds.run(LoadCase.of(plan.effort().loads(), plan.setup().slots(), plan.loads()), plan.effort().serverRounds());
      List<Section.Check> checks = List.of(pair.sameLibraries(), rounds.idleCheck());
      for (LoadCase.Kind kind : plan.loads()) {
        done.add(rounds.section(kind, Method.of(plan, kind), commands, checks));
      }
    } catch (CompareException e) {
      for (LoadCase.Kind kind : plan.loads()) {
        done.add(
            new Section(
                kind.id(),
                kind.title(),
                peer.name(),
                Method.of(plan, kind),
                commands,
                Section.Findings.none(),
                checkout.shortened(String.valueOf(e.getMessage()))));
      }
    }
    return peer.version();
  }
}
