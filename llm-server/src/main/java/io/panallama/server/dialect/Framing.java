package io.panallama.server.dialect;

/** How the frames of a stream are delimited. */
public enum Framing {
  /** Server-sent events, {@code text/event-stream}. */
  SSE,
  /** One JSON document per line, {@code application/x-ndjson}. */
  NDJSON
}
