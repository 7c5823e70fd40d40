package io.panallama.server;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceRequest;
import io.opentelemetry.proto.collector.trace.v1.ExportTraceServiceResponse;
import io.opentelemetry.proto.common.v1.AnyValue;
import io.opentelemetry.proto.common.v1.KeyValue;
import io.opentelemetry.proto.trace.v1.ResourceSpans;
import io.opentelemetry.proto.trace.v1.ScopeSpans;
import io.opentelemetry.proto.trace.v1.Span;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A collector of traces, which takes OTLP over HTTP. */
final class OtlpCollector implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofSeconds(20);

  private final HttpServer server;
  private final ExecutorService threads = Executors.newVirtualThreadPerTaskExecutor();
  private final BlockingQueue<Received> spans = new LinkedBlockingQueue<>();
  private final CountDownLatch closed = new CountDownLatch(1);
  private volatile boolean silent;

  /** A span, with the attributes of the process that sent it. */
  record Received(Span span, Map<String, Object> resource) {
    String name() {
      return span.getName();
    }

    String traceId() {
      return HexFormat.of().formatHex(span.getTraceId().toByteArray());
    }

    String id() {
      return HexFormat.of().formatHex(span.getSpanId().toByteArray());
    }

    String parent() {
      return HexFormat.of().formatHex(span.getParentSpanId().toByteArray());
    }

    Map<String, Object> attributes() {
      return values(span.getAttributesList());
    }

    long begin() {
      return span.getStartTimeUnixNano();
    }

    long end() {
      return span.getEndTimeUnixNano();
    }
  }

  OtlpCollector() throws IOException {
    server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
    server.createContext("/v1/traces", this::take);
    server.setExecutor(threads);
    server.start();
  }

  /** From now on it takes requests and never answers them. */
  void fallSilent() {
    silent = true;
  }

  /** OpenTelemetry's variables for a server whose spans come at once. */
  Map<String, String> variables() {
    return Map.of(
        "OTEL_EXPORTER_OTLP_ENDPOINT",
        "http://127.0.0.1:" + server.getAddress().getPort(),
        "OTEL_BSP_SCHEDULE_DELAY",
        "20",
        "OTEL_RESOURCE_ATTRIBUTES",
        "deployment.environment.name=test");
  }

  private void take(HttpExchange exchange) throws IOException {
    try (exchange) {
      byte[] body = exchange.getRequestBody().readAllBytes();
      if (silent) {
        closed.await();
        return;
      }
      for (ResourceSpans of : ExportTraceServiceRequest.parseFrom(body).getResourceSpansList()) {
        Map<String, Object> resource = values(of.getResource().getAttributesList());
        for (ScopeSpans scope : of.getScopeSpansList()) {
          scope.getSpansList().forEach(span -> spans.add(new Received(span, resource)));
        }
      }
      exchange.getResponseHeaders().set("Content-Type", "application/x-protobuf");
      byte[] answer = ExportTraceServiceResponse.getDefaultInstance().toByteArray();
      exchange.sendResponseHeaders(200, answer.length == 0 ? -1 : answer.length);
      exchange.getResponseBody().write(answer);
    } catch (InterruptedException end) {
      Thread.currentThread().interrupt();
    }
  }

  private static Map<String, Object> values(List<KeyValue> attributes) {
    Map<String, Object> values = new HashMap<>();
    attributes.forEach(attribute -> values.put(attribute.getKey(), value(attribute.getValue())));
    return values;
  }

  private static Object value(AnyValue value) {
    return switch (value.getValueCase()) {
      case STRING_VALUE -> value.getStringValue();
      case BOOL_VALUE -> value.getBoolValue();
      case INT_VALUE -> value.getIntValue();
      case DOUBLE_VALUE -> value.getDoubleValue();
      case ARRAY_VALUE -> value.getArrayValue().getValuesList().stream().map(OtlpCollector::value).toList();
      default -> value.toString();
    };
  }

  /** The next spans that come, of which there are this many. */
  List<Received> await(int count) throws InterruptedException {
    List<Received> received = new ArrayList<>();
    while (received.size() < count) {
      Received next = spans.poll(PATIENCE.toSeconds(), TimeUnit.SECONDS);
      if (next == null) {
        throw new AssertionError(
            "Only " + received.stream().map(Received::name).toList() + " came of " + count + " spans");
      }
      received.add(next);
    }
    return received;
  }

  /** The next span of this name that comes; others before it are left out. */
  Received await(String name) throws InterruptedException {
    Received next = await(1).getFirst();
    while (!next.name().equals(name)) {
      next = await(1).getFirst();
    }
    return next;
  }

  /** The spans that have come and that nobody has awaited. */
  List<Received> rest() {
    return List.copyOf(spans);
  }

  @Override
  public void close() {
    closed.countDown();
    server.stop(0);
    threads.shutdownNow();
  }
}
