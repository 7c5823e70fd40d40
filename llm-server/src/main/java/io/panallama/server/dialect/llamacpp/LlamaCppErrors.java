package io.panallama.server.dialect.llamacpp;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.fields.Json;
import java.util.Map;

/** Errors in llama-server's shape: its {@code code} is the HTTP status, and its {@code type} says what happened. */
final class LlamaCppErrors {
  private LlamaCppErrors() {}

  static byte[] write(ApiException error) {
    return Json.object(json -> {
      json.writeObjectFieldStart("error");
      json.writeNumberField("code", error.status());
      json.writeStringField("message", error.status() == 401 ? "Invalid API Key" : error.text());
      json.writeStringField("type", type(error));
      if (error.param() != null) {
        json.writeStringField("param", error.param());
      }
      if (error.code() != null) {
        json.writeStringField("reason", error.code());
      }
      for (Map.Entry<String, Long> number : error.numbers().entrySet()) {
        json.writeNumberField(number.getKey(), number.getValue());
      }
      json.writeEndObject();
    });
  }

  /** llama-server's words ({@code format_error_response}). */
  private static String type(ApiException error) {
    if ("context_length_exceeded".equals(error.code())) {
      return "exceed_context_size_error";
    }
    return switch (error.status()) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 429 -> "rate_limit_error";
      case 501 -> "not_supported_error";
      case 503 -> "unavailable_error";
      default -> error.status() < 500 || error.status() == 505 ? "invalid_request_error" : "server_error";
    };
  }
}
