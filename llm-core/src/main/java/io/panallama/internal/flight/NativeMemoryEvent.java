package io.panallama.internal.flight;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.Period;
import jdk.jfr.StackTrace;

/** What llama.cpp holds for an engine now. */
@Name("panallama.NativeMemory")
@Label("Native Memory")
@Description("What llama.cpp holds for an engine, at the end of each part of the recording")
@Category("Panallama")
@Period("endChunk")
@StackTrace(false)
final class NativeMemoryEvent extends Event {
  @Label("Owner")
  @Description("The engine")
  String owner = "";

  @Label("Device")
  @Description("ggml's name of the device, or host")
  String device = "";

  @Label("Model")
  @Description("Weights, also where they are mapped")
  @DataAmount
  long model;

  @Label("Context")
  @Description("The KV cache and recurrent states")
  @DataAmount
  long context;

  @Label("Compute")
  @Description("Buffers of graphs")
  @DataAmount
  long compute;
}
