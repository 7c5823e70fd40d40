package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** A chunk of prompts in one call of the decoder. */
@Name("panallama.Prefill")
@Label("Prefill Chunk")
@Description("One llama_decode of prompts")
@Category("Panallama")
@StackTrace(false)
final class PrefillEvent extends Event {
  @Label("Prompts")
  int prompts;

  @Label("Tokens")
  int tokens;
}
