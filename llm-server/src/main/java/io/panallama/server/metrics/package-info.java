/**
 * What {@code GET /metrics} tells besides llama-server's numbers, by Micrometer and Prometheus' own client: latencies of requests
 * and their ends, the engines' steps and caches, the JVM. Where vLLM has a metric, the name and the buckets are vLLM's.
 *
 * <p>Nothing here is loaded unless the server was started with {@code --metrics}.
 */
@NullMarked
package io.panallama.server.metrics;

import org.jspecify.annotations.NullMarked;
