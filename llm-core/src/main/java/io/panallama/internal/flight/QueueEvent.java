package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A generation has waited for its first step. */
@Name("panallama.Queue")
@Label("Queue")
@Description("A generation gets its first step")
@Category("Panallama")
@StackTrace(false)
final class QueueEvent extends Event {
  @Label("Generation")
  long generation;

  @Label("Waited")
  @Description("Time from its submission to its first step")
  @Timespan(Timespan.NANOSECONDS)
  long waited;

  @Label("Prompt Tokens")
  int promptTokens;

  @Label("Cached Tokens")
  @Description("Number of them that the KV cache had")
  int cachedTokens;
}
