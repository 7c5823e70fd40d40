package io.panallama.load;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The results of one load. Immutable.
 *
 * @param label the load, such as {@code 8 clients}
 * @param concurrency clients or streams at a time, 0 in an open loop
 * @param rate requests per second of an open loop, 0 otherwise
 * @param summary the figures of the measured requests
 * @param latencies further latencies of the scenario, by name, in order
 * @param facts further facts, by name, in order
 * @param cpuShare the share of one processor that this process used; a server on the same machine lacks it
 * @param records every request, including those that were not measured
 */
public record LoadRow(
    String label,
    int concurrency,
    double rate,
    Summary summary,
    Map<String, Latency> latencies,
    Map<String, Object> facts,
    double cpuShare,
    List<RequestRecord> records) {
  Map<String, Object> json(Slo slo) {
    Map<String, Object> json = new LinkedHashMap<>();
    json.put("label", label);
    json.put("concurrency", concurrency);
    json.put("rate_per_s", rate);
    json.put("client_cpu_share", cpuShare);
    json.putAll(summary.json(slo));
    Map<String, Object> further = new LinkedHashMap<>();
    latencies.forEach((name, latency) -> further.put(name, latency.json()));
    json.put("further", further);
    json.put("facts", facts);
    return json;
  }
}
