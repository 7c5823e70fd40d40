package io.panallama.server.dialect.anthropic;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ErrorWriter;
import io.panallama.server.dialect.fields.Json;
import java.io.IOException;

/**
 * Anthropic's error object: {@code {"type": "error", "error": {"type", "message"}, "request_id"}}; in a stream without the {@code
 * request_id}.
 */
final class AnthropicError implements ErrorWriter {
  @Override
  public byte[] write(ApiException error) {
    return Json.object(json -> write(json, error));
  }

  @Override
  public byte[] write(ApiException error, String requestId) {
    return Json.object(json -> {
      write(json, error);
      json.writeStringField("request_id", requestId);
    });
  }

  private static void write(JsonGenerator json, ApiException error) throws IOException {
    json.writeStringField("type", "error");
    json.writeObjectFieldStart("error");
    json.writeStringField("type", type(error.status()));
    json.writeStringField("message", message(error));
    json.writeEndObject();
  }

  /** Agents shorten their history when they read that the prompt is too long, in the words that Anthropic's API has for it. */
  private static String message(ApiException error) {
    if (error.status() == 401) {
      return ApiException.MISSING_KEY.equals(error.code()) ? "x-api-key header is required" : "invalid x-api-key";
    }
    if ("context_length_exceeded".equals(error.code())) {
      Long tokens = error.numbers().get("n_prompt_tokens");
      Long most = error.numbers().get("n_ctx");
      String numbers = tokens == null || most == null ? "" : tokens + " tokens > " + most + " maximum. ";
      return "prompt is too long: " + numbers + error.text();
    }
    // The object has no field of its own for the name.
    String param = error.param();
    return param == null || error.text().contains(param) ? error.text() : param + ": " + error.text();
  }

  private static String type(int status) {
    return switch (status) {
      case 401 -> "authentication_error";
      case 403 -> "permission_error";
      case 404 -> "not_found_error";
      case 408, 504 -> "timeout_error";
      case 413 -> "request_too_large";
      case 429 -> "rate_limit_error";
      case 503 -> "overloaded_error";
      // A version or coding that the server doesn't know is the client's choice.
      case 501, 505 -> "invalid_request_error";
      default -> status < 500 ? "invalid_request_error" : "api_error";
    };
  }
}
