package io.panallama.server.traces;

import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanBuilder;
import io.opentelemetry.api.trace.SpanContext;
import io.opentelemetry.api.trace.SpanKind;
import io.opentelemetry.api.trace.StatusCode;
import io.opentelemetry.api.trace.TraceFlags;
import io.opentelemetry.api.trace.TraceState;
import io.opentelemetry.api.trace.Tracer;
import io.opentelemetry.context.Context;
import io.opentelemetry.context.propagation.TextMapGetter;
import io.opentelemetry.context.propagation.TextMapPropagator;
import io.opentelemetry.sdk.OpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.AutoConfiguredOpenTelemetrySdk;
import io.opentelemetry.sdk.autoconfigure.spi.ConfigurationException;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.Timings;
import io.panallama.server.observe.Arrival;
import io.panallama.server.observe.Asked;
import io.panallama.server.observe.Computation;
import io.panallama.server.observe.RequestObserver;
import io.panallama.server.observe.RequestRecord;
import io.panallama.server.observe.RequestRecord.SpanLink;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A trace of each request: a span of the server, and below it the phases of the generations or the computation on texts. Spans are queued
 * and exported by a thread of the SDK, which drops some where the queue is full: a collector that is slow or gone delays no request.
 *
 * <p>Safe for use by several threads. {@link #close} exports what is queued, for at most {@value #FAREWELL_SECONDS} seconds.
 */
public final class Traces implements RequestObserver {
  private static final int FAREWELL_SECONDS = 2;

  /** What is asked every few seconds by machines that watch the server. */
  private static final Set<String> PROBES = Set.of("/health", "/livez", "/ready", "/metrics");

  /** The most choices of one request whose phases get spans. */
  private static final int MOST_CHOICES = 16;

  private static final TextMapGetter<Function<String, Optional<String>>> HEADERS =
      new TextMapGetter<>() {
        @Override
        public @Nullable String get(@Nullable Function<String, Optional<String>> headers, String name) {
          return headers == null ? null : headers.apply(name).orElse(null);
        }
      };

  private final OpenTelemetrySdk sdk;
  private final TextMapPropagator propagator;
  private final Tracer tracer;
  private final Map<RequestRecord, Span> open = new ConcurrentHashMap<>();

  private Traces(OpenTelemetrySdk sdk) {
    this.sdk = sdk;
    propagator = sdk.getPropagators().getTextMapPropagator();
    tracer = sdk.getTracer("io.panallama.server");
  }

  /**
   * Begins to trace.
   *
   * @param variables OpenTelemetry's, by which traces are {@linkplain TraceSettings#wanted wanted}
   * @throws IllegalArgumentException if the SDK can't follow a value; the message names it
   */
  public static RequestObserver open(Map<String, String> variables) {
    Map<String, String> properties = TraceSettings.properties(variables);
    try {
      return new Traces(
          AutoConfiguredOpenTelemetrySdk.builder()
              .addPropertiesCustomizer(given -> properties)
              .disableShutdownHook()
              .build()
              .getOpenTelemetrySdk());
    } catch (ConfigurationException refused) {
      throw new IllegalArgumentException(sentence(refused), refused);
    }
  }

  private static String sentence(ConfigurationException refused) {
    String text = String.valueOf(refused.getMessage());
    return text.endsWith(".") ? text : text + ".";
  }

  @Override
  public void arrived(RequestRecord request, Function<String, Optional<String>> headers) {
    Arrival arrival = request.arrival();
    if (PROBES.contains(arrival.route())) {
      return;
    }
    Context parent = propagator.extract(Context.root(), headers, HEADERS);
    SpanBuilder builder =
        tracer
            .spanBuilder(arrival.route().isEmpty() ? arrival.method() : arrival.method() + " " + arrival.route())
            .setParent(parent)
            .setSpanKind(SpanKind.SERVER)
            .setStartTimestamp(request.time())
            .setAttribute(SpanNames.METHOD, arrival.method())
            .setAttribute(SpanNames.SCHEME, arrival.scheme())
            .setAttribute(SpanNames.PATH, arrival.path())
            .setAttribute(SpanNames.PROTOCOL_VERSION, arrival.protocolVersion())
            .setAttribute(SpanNames.CLIENT_ADDRESS, arrival.clientAddress())
            .setAttribute(SpanNames.REQUEST_ID, arrival.requestId());
    if (!arrival.route().isEmpty()) {
      builder.setAttribute(SpanNames.ROUTE, arrival.route());
    }
    server(builder, arrival.host());
    Span span = builder.startSpan();
    request.trace(span.getSpanContext().getTraceId(), span.getSpanContext().getSpanId());
    open.put(request, span);
  }

  /** The header {@code Host} as name or address and port. */
  private static void server(SpanBuilder span, String host) {
    int colon = host.lastIndexOf(':');
    boolean port = colon > 0 && host.indexOf(']', colon) < 0 && host.substring(colon + 1).matches("[0-9]{1,5}");
    String name = port ? host.substring(0, colon) : host;
    if (!name.isEmpty()) {
      span.setAttribute(SpanNames.SERVER_ADDRESS, name);
    }
    if (port) {
      span.setAttribute(SpanNames.SERVER_PORT, Long.parseLong(host.substring(colon + 1)));
    }
  }

  @Override
  public void ended(RequestRecord request) {
    Span span = open.remove(request);
    if (span == null) {
      return;
    }
    if (span.isRecording()) {
      describe(request, span);
      Context parent = Context.root().with(span);
      request.computations().forEach(one -> computation(request, one, parent));
      generations(request, parent);
    }
    span.end(request.epochNanos(request.ended()), TimeUnit.NANOSECONDS);
  }

  private static void describe(RequestRecord request, Span span) {
    if (request.status() > 0) {
      span.setAttribute(SpanNames.STATUS, (long) request.status());
    }
    if (!request.keyId().isEmpty()) {
      span.setAttribute(SpanNames.KEY_ID, request.keyId());
    }
    String outcome = request.outcome();
    span.setAttribute(SpanNames.OUTCOME, outcome);
    // What a client did wrong is no failure of the server's.
    if (outcome.equals("failed") || request.status() >= 500) {
      span.setStatus(StatusCode.ERROR);
    }
    if (!request.error().isEmpty()) {
      span.setAttribute(SpanNames.ERROR_TYPE, request.error());
    }
    for (SpanLink link : request.continued()) {
      span.addLink(
          SpanContext.createFromRemoteParent(
              link.traceId(), link.spanId(), TraceFlags.getSampled(), TraceState.getDefault()));
    }
    request.asked().ifPresent(asked -> request(asked, span));
    request.computations().stream()
        .findFirst()
        .ifPresent(one -> span.setAttribute(SpanNames.OPERATION, one.operation()));
    if (request.asked().isPresent() || !request.computations().isEmpty()) {
      models(request, span);
      usage(request, span);
    }
  }

  private static void request(Asked asked, Span span) {
    span.setAttribute(SpanNames.OPERATION, asked.chat() ? "chat" : "text_completion");
    span.setAttribute(SpanNames.STREAM, asked.stream());
    if (asked.generations() > 1) {
      span.setAttribute(SpanNames.CHOICES, (long) asked.generations());
    }
    SamplingAttributes.of(asked.options(), span);
  }

  private static void models(RequestRecord request, Span span) {
    span.setAttribute(SpanNames.PROVIDER, "panallama");
    String requested = request.requestedModel().isEmpty() ? request.model() : request.requestedModel();
    if (!requested.isEmpty()) {
      span.setAttribute(SpanNames.REQUEST_MODEL, requested);
    }
    if (!request.model().isEmpty()) {
      span.setAttribute(SpanNames.RESPONSE_MODEL, request.model());
    }
    if (!request.responseId().isEmpty()) {
      span.setAttribute(SpanNames.RESPONSE_ID, request.responseId());
    }
  }

  private static void usage(RequestRecord request, Span span) {
    List<GenerationEvent.Finished> ends = request.ends();
    if (!ends.isEmpty()) {
      span.setAttribute(SpanNames.FINISH_REASONS, ends.stream().map(end -> wire(end.reason())).toList());
    }
    if (!ends.isEmpty() || !request.computations().isEmpty()) {
      RequestRecord.Tokens tokens = request.tokens();
      span.setAttribute(SpanNames.INPUT_TOKENS, tokens.prompt());
      if (!ends.isEmpty()) {
        span.setAttribute(SpanNames.CACHED_TOKENS, tokens.cached());
        span.setAttribute(SpanNames.OUTPUT_TOKENS, tokens.generated());
      }
    }
  }

  /** As answers have it. */
  private static String wire(FinishReason reason) {
    return switch (reason) {
      case STOP, STOP_TEXT -> "stop";
      case TOOL_CALLS -> "tool_calls";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "length";
      case CANCELLED -> "cancelled";
    };
  }

  private void computation(RequestRecord request, Computation computation, Context parent) {
    Span span = phase(request, computation.operation(), computation.begun(), parent);
    span.setAttribute(SpanNames.INPUT_TOKENS, computation.tokens());
    end(request, span, computation.ended());
  }

  private void generations(RequestRecord request, Context parent) {
    if (request.prepared() == 0) {
      return;
    }
    boolean refused = request.submitted() == 0;
    long submitted = refused ? request.ended() : request.submitted();
    end(request, phase(request, "prepare", request.prepared(), parent), submitted);
    if (refused) {
      return;
    }
    request.ends().stream().limit(MOST_CHOICES).forEach(end -> phases(request, submitted, end, parent));
  }

  private void phases(RequestRecord request, long submitted, GenerationEvent.Finished end, Context parent) {
    Timings timings = end.timings();
    long computing = submitted + timings.queued().toNanos();
    long generating = computing + timings.prefill().toNanos();
    end(request, phase(request, "queue", submitted, parent), computing);
    Span prefill = phase(request, "prefill", computing, parent);
    prefill.setAttribute(SpanNames.INPUT_TOKENS, (long) end.usage().promptTokens());
    prefill.setAttribute(SpanNames.CACHED_TOKENS, (long) end.usage().cachedTokens());
    end(request, prefill, generating);
    if (end.usage().completionTokens() > 0) {
      Span decode = phase(request, "decode", generating, parent);
      decode.setAttribute(SpanNames.OUTPUT_TOKENS, (long) end.usage().completionTokens());
      decode.setAttribute(SpanNames.FINISH_REASONS, List.of(wire(end.reason())));
      if (timings.resumed() > 0) {
        decode.setAttribute(SpanNames.RESUMED, (long) timings.resumed());
      }
      end(request, decode, generating + timings.decode().toNanos());
    }
  }

  private Span phase(RequestRecord request, String name, long nanoTime, Context parent) {
    return tracer
        .spanBuilder(name)
        .setParent(parent)
        .setStartTimestamp(request.epochNanos(nanoTime), TimeUnit.NANOSECONDS)
        .startSpan();
  }

  private static void end(RequestRecord request, Span span, long nanoTime) {
    span.end(request.epochNanos(nanoTime), TimeUnit.NANOSECONDS);
  }

  @Override
  public void close() {
    sdk.getSdkTracerProvider().shutdown().join(FAREWELL_SECONDS, TimeUnit.SECONDS);
  }
}
