package io.panallama.server.accesslog;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.json.JsonWriteFeature;
import io.panallama.server.observe.Arrival;
import io.panallama.server.observe.Asked;
import io.panallama.server.observe.RequestRecord;
import java.io.IOException;
import java.io.OutputStream;
import java.math.BigDecimal;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/**
 * A request as a line of the access log. What is not known is left out, so that a request for a file of the page has no tokens. Never a
 * prompt, an answer, a query or a key.
 */
final class AccessLine {
  private static final JsonFactory JSON = JsonFactory.builder().enable(JsonWriteFeature.ESCAPE_NON_ASCII).build();

  /** Always with milliseconds, so that lines can be compared as texts. */
  private static final DateTimeFormatter TIME =
      DateTimeFormatter.ofPattern("uuuu-MM-dd'T'HH:mm:ss.SSS'Z'").withZone(ZoneOffset.UTC);

  private AccessLine() {}

  static void write(RequestRecord request, OutputStream out) throws IOException {
    try (JsonGenerator json = JSON.createGenerator(out).disable(JsonGenerator.Feature.AUTO_CLOSE_TARGET)) {
      json.writeStartObject();
      head(request, json);
      times(request, json);
      work(request, json);
      json.writeEndObject();
      json.writeRaw('\n');
    }
  }

  private static void head(RequestRecord request, JsonGenerator json) throws IOException {
    Arrival arrival = request.arrival();
    json.writeStringField("time", TIME.format(request.time()));
    json.writeStringField("request_id", arrival.requestId());
    text(json, "trace_id", request.traceId());
    text(json, "span_id", request.spanId());
    json.writeStringField("client", arrival.clientAddress());
    text(json, "key", request.keyId());
    json.writeStringField("method", arrival.method());
    text(json, "route", arrival.route());
    json.writeStringField("path", arrival.path());
    if (request.status() > 0) {
      json.writeNumberField("status", request.status());
    }
    json.writeStringField("outcome", request.outcome());
    text(json, "error", request.error());
  }

  private static void times(RequestRecord request, JsonGenerator json) throws IOException {
    millis(json, "duration_ms", Optional.of(request.duration()));
    millis(json, "queue_ms", request.queued());
    millis(json, "ttft_ms", request.timeToFirstToken());
  }

  private static void work(RequestRecord request, JsonGenerator json) throws IOException {
    text(json, "model", request.model());
    Optional<Asked> asked = request.asked();
    if (asked.isPresent()) {
      json.writeBooleanField("stream", asked.get().stream());
      if (asked.get().generations() > 1) {
        json.writeNumberField("choices", asked.get().generations());
      }
    }
    RequestRecord.Tokens tokens = request.tokens();
    if (!request.ends().isEmpty() || !request.computations().isEmpty()) {
      json.writeNumberField("prompt_tokens", tokens.prompt());
    }
    if (!request.ends().isEmpty()) {
      json.writeNumberField("cached_tokens", tokens.cached());
      json.writeNumberField("generated_tokens", tokens.generated());
    }
  }

  private static void text(JsonGenerator json, String name, String value) throws IOException {
    if (!value.isEmpty()) {
      json.writeStringField(name, value);
    }
  }

  /** Milliseconds with three digits, which are microseconds. */
  private static void millis(JsonGenerator json, String name, Optional<Duration> time) throws IOException {
    if (time.isPresent()) {
      json.writeNumberField(name, BigDecimal.valueOf(time.get().toNanos() / 1000, 3));
    }
  }
}
