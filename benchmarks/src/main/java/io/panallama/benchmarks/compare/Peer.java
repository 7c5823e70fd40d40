package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.ReportData.Term;
import java.util.List;

/** The server that ours is compared with. */
interface Peer {
  /** The name in the report. */
  String name();

  /** The command that makes it listen at this port of the loopback interface. */
  Children.Command command(Checkout checkout, ServerPair.Setup setup, int port);

  /** The options of both servers. The commands are made from them, so the report shows what the servers got. */
  List<Term> terms(ServerPair.Setup setup);

  /** The path that answers with status 200 as soon as it is ready. */
  String readyPath();

  /** The name of the file for its output. */
  String log();

  /** The version that it reports. */
  String version();
}
