package io.panallama.server.dialect.fields;

import io.panallama.server.dialect.ApiException;
import java.util.Map;

/** OpenAI's error object, which llama-server's clients know, too; numbers have llama-server's names. */
public final class ErrorObject {
  private ErrorObject() {}

  /** The error as a JSON document: {@code {"error": {"message", "type", "param", "code"}}}. */
  public static byte[] write(ApiException error) {
    return Json.object(json -> {
      json.writeObjectFieldStart("error");
      json.writeStringField("message", error.text());
      json.writeStringField("type", type(error));
      json.writeStringField("param", error.param());
      json.writeStringField("code", error.code());
      for (Map.Entry<String, Long> number : error.numbers().entrySet()) {
        json.writeNumberField(number.getKey(), number.getValue());
      }
      json.writeEndObject();
    });
  }

  private static String type(ApiException error) {
    // llama-server's clients look for this type, OpenAI's for the code and the first words of the message.
    if ("context_length_exceeded".equals(error.code())) {
      return "exceed_context_size_error";
    }
    int status = error.status();
    if (status == 429) {
      return "rate_limit_error";
    }
    // A version or coding that the server doesn't know is the client's choice.
    boolean fault = status >= 500 && status != 501 && status != 505;
    return fault ? "server_error" : "invalid_request_error";
  }
}
