package io.panallama.server.dialect.fields;

import java.util.Map;

/** The names that OpenAI's and llama-server's APIs have for the fields that the core's errors name. */
public final class CoreNames {
  private static final Map<String, String> WIRE_NAMES =
      Map.of("time_limit", "time_limit_ms", "overflow.keep", "n_keep");

  private CoreNames() {}

  /** The name on the wire of the core's field {@code javaPath}. */
  public static String wireName(String javaPath) {
    return WIRE_NAMES.getOrDefault(javaPath, javaPath);
  }
}
