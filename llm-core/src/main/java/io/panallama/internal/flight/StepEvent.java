package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A step of an engine. */
@Name("panallama.Step")
@Label("Step")
@Description("A step of an engine: planning, decoding, sampling and handing out the tokens")
@Category("Panallama")
@StackTrace(false)
final class StepEvent extends Event {
  @Label("Generating")
  @Description("Number of running generations in the step")
  int generating;

  @Label("Prompts")
  @Description("Number of prompts of which a part was computed")
  int prompts;

  @Label("Prompt Tokens")
  int promptTokens;

  @Label("Decode")
  @Description("Time in llama_decode for the running generations")
  @Timespan(Timespan.NANOSECONDS)
  long decode;

  @Label("Prefill")
  @Description("Time in llama_decode for the prompts")
  @Timespan(Timespan.NANOSECONDS)
  long prefill;

  @Label("Sample")
  @Description("Time of sampling")
  @Timespan(Timespan.NANOSECONDS)
  long sample;

  @Label("Processors")
  @Description("Time of waiting for logit processors")
  @Timespan(Timespan.NANOSECONDS)
  long processors;
}
