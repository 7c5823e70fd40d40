package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** llama.cpp has allocated or freed memory for an engine. */
@Name("panallama.NativeAllocation")
@Label("Native Allocation")
@Description("llama.cpp has allocated memory for an engine, or freed it; the duration is that of the engine's start")
@Category("Panallama")
@StackTrace(false)
final class NativeAllocationEvent extends Event {
  @Label("Owner")
  @Description("The engine")
  String owner = "";

  @Label("Device")
  @Description("ggml's name of the device, or host")
  String device = "";

  @Label("Kind")
  @Description("model: weights, also where they are mapped; context: the KV cache; compute: buffers of graphs")
  String kind = "";

  @Label("Bytes")
  @Description("As llama.cpp planned them; negative if they were freed")
  @DataAmount
  long bytes;
}
