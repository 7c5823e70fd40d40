/**
 * A load generator for OpenAI-compatible servers: {@code panallama bench serve}, and {@code benchmarks/compare} in
 * process. What each figure means is in docs/performance.md, "Load".
 *
 * <pre>{@code
 * LoadTarget target = LoadTarget.of(URI.create("http://127.0.0.1:8080"));
 * LoadPlan plan = LoadPlan.builder().scenario(Scenario.CHAT).concurrency(1, 4, 8).build();
 * LoadResult result = LoadTest.run(target, plan, line -> {});
 * result.rows().getFirst().summary().ttft().p99();
 * }</pre>
 *
 * <p>Every request runs on its own virtual thread. Bytes get their timestamp and are parsed on the thread on which the HTTP
 * client delivers them.
 */
@NullMarked
package io.panallama.load;

import org.jspecify.annotations.NullMarked;
