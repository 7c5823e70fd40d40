package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** The sampling after a call of the decoder. */
@Name("panallama.Sample")
@Label("Sample")
@Description("Sampling for all sequences of one llama_decode")
@Category("Panallama")
@StackTrace(false)
final class SampleEvent extends Event {
  @Label("Samples")
  int samples;
}
