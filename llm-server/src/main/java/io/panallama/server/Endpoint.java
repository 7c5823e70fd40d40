package io.panallama.server;

/** Routes that a server need not answer. */
public enum Endpoint {
  /** The chat page at {@code /} and its files; without it they are a 404. */
  PAGE,
  /** {@code GET /metrics}; without it, it is a 501. */
  METRICS,
  /** {@code GET /slots} and {@code DELETE /slots/...}; without it, they are a 501. */
  SLOTS,
  /** {@code POST /props}, which changes nothing here, as in llama-server; without it, it is a 501. */
  PROPS,
  /** {@code /admin/log-level}, by which the level of the log is changed; without it, it is a 501. */
  ADMIN
}
