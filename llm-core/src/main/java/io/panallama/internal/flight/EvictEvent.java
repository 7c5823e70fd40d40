package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** Cells of the KV cache are taken from a prefix or a generation. */
@Name("panallama.Evict")
@Label("Evict")
@Description(
    "Cells of the KV cache are taken from what held them; the duration includes a copy to host memory, if there is one")
@Category("Panallama")
@StackTrace(false)
final class EvictEvent extends Event {
  @Label("Cause")
  @Description(
      "room: a retained prefix made room; preemption: a running generation did; suspension: one whose reader does not"
          + " read")
  String cause = "";

  @Label("Tokens")
  @Description("Number of tokens whose cells were taken")
  int tokens;
}
