package io.panallama.server.metrics;

import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.FunctionCounter;
import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.binder.jvm.ClassLoaderMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmGcMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmHeapPressureMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmInfoMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmMemoryMetrics;
import io.micrometer.core.instrument.binder.jvm.JvmThreadMetrics;
import io.micrometer.core.instrument.binder.system.FileDescriptorMetrics;
import io.micrometer.core.instrument.binder.system.ProcessorMetrics;
import io.micrometer.core.instrument.binder.system.UptimeMetrics;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import io.panallama.generation.GenerationEvent;
import io.panallama.server.dialect.MetricsSource;
import io.panallama.server.leak.LeakProbe;
import io.panallama.server.leak.LeakSettings;
import io.panallama.server.leak.LeakWatch;
import io.panallama.server.leak.Owner;
import io.panallama.server.registry.Registry;
import io.panallama.server.registry.RequestMeter;
import io.panallama.server.resume.ResumableStreams;
import io.prometheus.metrics.expositionformats.PrometheusTextFormatWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.LongAdder;
import java.util.function.LongSupplier;
import org.jspecify.annotations.Nullable;

/**
 * The metrics of a server. Requests are recorded when they end, by a few atomic additions each; what the engines count is read
 * when somebody asks.
 *
 * <p>Safe for use by several threads. {@link #close} ends the listening to the garbage collector; later calls are harmless.
 */
public final class ServerMetrics implements RequestMeter, MetricsSource, AutoCloseable {
  private static final String CONTENT_TYPE = PrometheusTextFormatWriter.CONTENT_TYPE;

  private final PrometheusMeterRegistry meters = new PrometheusMeterRegistry(PrometheusConfig.DEFAULT);
  private final JvmGcMetrics collector = new JvmGcMetrics();
  private final JvmHeapPressureMetrics heap = new JvmHeapPressureMetrics();
  private final Map<String, ModelMeters> models = new ConcurrentHashMap<>();
  private final PrometheusTextFormatWriter writer = PrometheusTextFormatWriter.create();
  private final LongAdder responses = new LongAdder();
  private volatile @Nullable LeakWatch leaks;

  /** Micrometer holds what it reads from weakly. */
  private LongSupplier droppedLines = () -> 0;

  /** Metrics of nothing yet. */
  public ServerMetrics() {
    new JvmInfoMetrics().bindTo(meters);
    new JvmMemoryMetrics().bindTo(meters);
    collector.bindTo(meters);
    heap.bindTo(meters);
    new JvmThreadMetrics().bindTo(meters);
    new ClassLoaderMetrics().bindTo(meters);
    new ProcessorMetrics().bindTo(meters);
    new FileDescriptorMetrics().bindTo(meters);
    new UptimeMetrics().bindTo(meters);
    ProcessMemory.bindTo(meters);
  }

  /** Watches for leaks from now on, until {@link #close}. */
  public void watch(LeakProbe probe) {
    LeakWatch watch = new LeakWatch(probe, responses::sum, LeakSettings.DEFAULTS);
    for (Owner owner : Owner.values()) {
      Gauge.builder("panallama.leak.growth", () -> watch.perThousand(owner))
          .tags("owner", owner.label())
          .description("Growth per 1,000 requests of what requests and caches don't explain; bytes or a number.")
          .register(meters);
      Gauge.builder("panallama.leak.suspected", () -> watch.leaks(owner) ? 1 : 0)
          .tags("owner", owner.label())
          .description("Whether that growth is steady and beyond its threshold.")
          .register(meters);
    }
    leaks = watch.start();
  }

  /** Shows the streams that can be resumed, too. */
  public void watch(ResumableStreams streams) {
    Gauge.builder("panallama.streams.detached", streams, ResumableStreams::detached)
        .description("Streams that are being generated while their client is away.")
        .register(meters);
    FunctionCounter.builder("panallama.streams.resumed", streams, ResumableStreams::resumed)
        .description("Clients that have come back to their stream.")
        .register(meters);
    FunctionCounter.builder("panallama.streams.expired", streams, ResumableStreams::expired)
        .description("Streams that were given up because their client stayed away.")
        .register(meters);
  }

  private ModelMeters of(String model) {
    ModelMeters known = models.get(model);
    return known == null ? models.computeIfAbsent(model, name -> new ModelMeters(meters, name)) : known;
  }

  @Override
  public void finished(String model, String route, GenerationEvent.Finished end) {
    of(model).finished(route, end);
  }

  @Override
  public void failed(String model, String route) {
    of(model).ended(route, Outcome.FAILED);
  }

  @Override
  public void abandoned(String model, String route) {
    of(model).ended(route, Outcome.CANCELLED);
  }

  @Override
  public void refused(String model, String route, String reason) {
    Counter.builder("panallama.requests.refused")
        .tags(ModelMeters.MODEL, model, ModelMeters.ROUTE, route, "reason", reason)
        .description("Requests that were refused before they began to generate.")
        .register(meters)
        .increment();
  }

  @Override
  public void responded(String route, String method, int status) {
    responses.increment();
    Counter.builder("panallama.http.requests")
        .tags(ModelMeters.ROUTE, route, "method", method, "status", Integer.toString(status))
        .description("Answers, by their HTTP status.")
        .register(meters)
        .increment();
  }

  /** Also tells how many lines of the access log were dropped. */
  public void countDropped(LongSupplier lines) {
    droppedLines = lines;
    FunctionCounter.builder("panallama.access.log.dropped", droppedLines, LongSupplier::getAsLong)
        .description(
            "Requests that are missing in the access log, since it could not be written fast enough or at all.")
        .register(meters);
  }

  @Override
  public String text(List<Registry.State> served) {
    // A model shows all its names from its first moment on, so that a rate over them counts its first request.
    served.stream().filter(state -> state.stats().isPresent()).forEach(state -> of(state.model().id()));
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    try {
      writer.write(out, EngineSnapshots.of(served));
    } catch (IOException impossible) {
      throw new UncheckedIOException(impossible);
    }
    return out.toString(StandardCharsets.UTF_8) + meters.scrape(CONTENT_TYPE);
  }

  @Override
  public void close() {
    LeakWatch watch = leaks;
    if (watch != null) {
      watch.close();
    }
    collector.close();
    heap.close();
    meters.close();
  }
}
