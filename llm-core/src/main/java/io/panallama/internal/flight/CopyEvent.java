package io.panallama.internal.flight;

import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;

/** The fields of an event about the copy of a prefix that goes out of the KV cache or comes back. */
abstract class CopyEvent extends Event {
  @Label("Tier")
  @Description("memory: between the KV cache and host memory; disk: between host memory and a file")
  String tier = "";

  @Label("Tokens")
  int tokens;

  @Label("Bytes")
  @DataAmount
  long bytes;
}
