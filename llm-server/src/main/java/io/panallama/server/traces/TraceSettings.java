package io.panallama.server.traces;

import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * What OpenTelemetry's standard variables ({@code OTEL_...}) say of traces. Those that are not about whether and how traces are exported
 * are left to its SDK, such as samplers and limits.
 */
public final class TraceSettings {
  private static final String PREFIX = "OTEL_";
  private static final String EXPORTER = "OTEL_TRACES_EXPORTER";

  /** Of two variables for one thing the first counts. */
  private static final List<String> ENDPOINTS =
      List.of("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT");

  private static final List<String> PROTOCOLS =
      List.of("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL");

  private static final String PROTOCOL = "http/protobuf";

  private TraceSettings() {}

  /** Those of these variables that are OpenTelemetry's, without empty ones, which count as not set. */
  public static Map<String, String> of(Map<String, String> environment) {
    Map<String, String> own = new HashMap<>();
    environment.forEach((name, value) -> {
      if (name.startsWith(PREFIX) && !value.isBlank()) {
        own.put(name, value.strip());
      }
    });
    return Map.copyOf(own);
  }

  /**
   * Whether these variables ask for traces: an exporter or an endpoint is set, and nothing turns them off.
   *
   * @throws IllegalArgumentException if a value can't be followed; the message names the variable and what is allowed
   */
  public static boolean wanted(Map<String, String> variables) {
    if ("true".equalsIgnoreCase(variables.get("OTEL_SDK_DISABLED"))) {
      return false;
    }
    String exporter = variables.getOrDefault(EXPORTER, "");
    boolean off = exporter.equals("none");
    if (off || exporter.isEmpty() && ENDPOINTS.stream().noneMatch(variables::containsKey)) {
      return false;
    }
    if (!exporter.isEmpty() && !Arrays.stream(exporter.split(",", -1)).map(String::strip).allMatch("otlp"::equals)) {
      throw new IllegalArgumentException(
          EXPORTER + " is " + exporter + "; traces are exported by otlp, or not at all (none).");
    }
    for (String name : PROTOCOLS) {
      String protocol = variables.getOrDefault(name, PROTOCOL);
      if (!protocol.equals(PROTOCOL)) {
        throw new IllegalArgumentException(
            name
                + " is "
                + protocol
                + "; traces are exported by "
                + PROTOCOL
                + " only, for which collectors usually listen on port 4318.");
      }
    }
    return true;
  }

  /** The same settings as the SDK's properties, with what is fixed here. */
  static Map<String, String> properties(Map<String, String> variables) {
    Map<String, String> properties = new HashMap<>();
    variables.forEach((name, value) -> properties.put(name.toLowerCase(Locale.ROOT).replace('_', '.'), value));
    if (!variables.containsKey("OTEL_SERVICE_NAME")
        && !variables.getOrDefault("OTEL_RESOURCE_ATTRIBUTES", "").contains("service.name=")) {
      properties.put("otel.service.name", "panallama");
    }
    properties.put("otel.traces.exporter", "otlp");
    properties.put("otel.exporter.otlp.protocol", PROTOCOL);
    // Metrics are Prometheus', and the log is Java's.
    properties.put("otel.metrics.exporter", "none");
    properties.put("otel.logs.exporter", "none");
    return properties;
  }
}
