package io.panallama.server;

import io.panallama.server.accesslog.AccessLog;
import io.panallama.server.metrics.ServerMetrics;
import io.panallama.server.observe.RecordMeter;
import io.panallama.server.observe.RequestObserver;
import io.panallama.server.registry.RequestMeter;
import io.panallama.server.traces.TraceSettings;
import io.panallama.server.traces.Traces;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicBoolean;
import org.jspecify.annotations.Nullable;

/** Those who observe a server's requests: its traces and its access log, each if it is configured. */
final class Observers implements AutoCloseable {
  private final List<RequestObserver> all = new ArrayList<>();
  private final AtomicBoolean closed = new AtomicBoolean();
  private @Nullable AccessLog log;

  private Observers() {}

  /**
   * The observers that a server is to have.
   *
   * @throws IllegalArgumentException if a file can't be written, or a setting not followed; the message says which and why
   */
  static Observers of(ServerConfig config) {
    Observers observers = new Observers();
    try {
      // First the traces: the log names them.
      if (TraceSettings.wanted(config.openTelemetry())) {
        observers.all.add(Traces.open(config.openTelemetry()));
      }
      if (config.accessLog().isPresent()) {
        AccessLog opened = AccessLog.open(config.accessLog().get());
        observers.log = opened;
        observers.all.add(opened);
      }
      return observers;
    } catch (RuntimeException refused) {
      observers.close();
      throw refused;
    }
  }

  /** All of them, in the order in which they are told of a request. */
  List<RequestObserver> all() {
    return all;
  }

  /** What counts, and writes into the records of requests if anybody observes them. */
  RequestMeter meter(RequestMeter counting) {
    return all.isEmpty() ? counting : new RecordMeter(counting);
  }

  /** Lets the metrics tell what the access log has dropped. */
  void countDropped(ServerMetrics metrics) {
    AccessLog open = log;
    if (open != null) {
      metrics.countDropped(open::dropped);
    }
  }

  /** Repeating it is harmless. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      all.forEach(RequestObserver::close);
    }
  }
}
