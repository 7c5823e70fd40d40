package io.panallama.load;

import java.util.List;
import java.util.Map;

/**
 * One row of results while it is being measured, with everything that its scenario needs.
 *
 * @param number the row's number, which gives it prompts of its own
 * @param sender the connection to the server
 * @param clock the clock of the run
 */
record Row(int number, LoadPlan plan, Prompts prompts, Sender sender, LoadClock clock, CpuMeter cpu) {
  Clients clients() {
    return new Clients(sender, clock);
  }

  /** A prompt and an answer of the plan's lengths; {@code part} distinguishes parts of the row. */
  Turn turn(int part, int number) {
    return turn(part, number, plan.lengths().prompt(), plan.lengths().answer());
  }

  Turn turn(int part, int number, int promptTokens, int answerTokens) {
    return Turn.user(prompts.text(prompts.random(this.number, part, number), promptTokens), answerTokens);
  }

  /** The number of warm-up rounds. */
  int warmUpRounds() {
    return plan.warmUp().equals(new Extent.Requests(0)) ? 0 : 1;
  }

  /** A finished row with this many requests at a time. */
  LoadRow result(
      String label,
      int concurrency,
      Summary summary,
      Map<String, Latency> latencies,
      Map<String, Object> facts,
      List<RequestRecord> records) {
    return new LoadRow(label, concurrency, 0, summary, latencies, facts, cpu.share(), records);
  }

  static String count(int count, String what) {
    return count + " " + what + (count == 1 ? "" : "s");
  }
}
