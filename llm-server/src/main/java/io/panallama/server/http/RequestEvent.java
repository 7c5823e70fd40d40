package io.panallama.server.http;

import jdk.jfr.Category;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;
import jdk.jfr.Timespan;

/** A request over HTTP, for the flight recorder. */
@Name("panallama.Request")
@Label("Request")
@Description("A request over HTTP, from its head to the end of its answer")
@Category("Panallama")
@StackTrace(false)
final class RequestEvent extends Event {
  @Label("Request Id")
  @Description("X-Request-Id of the answer")
  String requestId = "";

  @Label("Method")
  String method = "";

  @Label("Route")
  @Description("The pattern of its path; empty if no route has it")
  String route = "";

  @Label("Status")
  @Description("HTTP status of the answer; 0 if the client left before its end")
  int status;

  @Label("Model")
  @Description("Empty if nothing was generated")
  String model = "";

  @Label("Prompt Tokens")
  @Description("Sum over the generations that have ended")
  long promptTokens;

  @Label("Cached Tokens")
  @Description("Those of them that a cache had")
  long cachedTokens;

  @Label("Generated Tokens")
  @Description("Sum over the generations that have ended")
  long generatedTokens;

  @Label("Queued")
  @Description("Longest wait of a generation for its first step")
  @Timespan(Timespan.NANOSECONDS)
  long queued;

  @Label("Time To First Token")
  @Description("Longest of a generation, from its submission; 0 without a token")
  @Timespan(Timespan.NANOSECONDS)
  long timeToFirstToken;
}
