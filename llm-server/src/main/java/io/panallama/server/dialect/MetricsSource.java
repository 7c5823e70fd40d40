package io.panallama.server.dialect;

import io.panallama.server.registry.Registry;
import java.util.List;

/** Further metrics for {@code GET /metrics}. Safe for use by several threads. */
@FunctionalInterface
public interface MetricsSource {
  /**
   * The metrics in Prometheus' text format; no name may begin with {@code llamacpp:}.
   *
   * @param models what is served now
   */
  String text(List<Registry.State> models);
}
