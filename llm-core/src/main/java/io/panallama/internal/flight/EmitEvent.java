package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A reader has a token. */
@Name("panallama.Emit")
@Label("Emit")
@Description("A reader takes the oldest token that waits for it")
@Category("Panallama")
@StackTrace(false)
final class EmitEvent extends Event {
  @Label("Generation")
  long generation;

  @Label("Waiting")
  @Description("Number of tokens that wait for the reader")
  long waiting;

  @Label("Latency")
  @Description("Time since the oldest of them was sampled")
  @Timespan(Timespan.NANOSECONDS)
  long latency;

  @Label("Bulk")
  @Description(
      "Whether the reader wanted many tokens at once, as for an answer that is not streamed, so that the latency is on"
          + " purpose")
  boolean bulk;
}
