package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.HttpMediaType;
import io.helidon.http.Status;
import io.helidon.webserver.http.ServerRequest;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Framing;
import java.util.Optional;

/** Bodies, in and out. */
final class Responses {
  static final Header JSON = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
  private static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");

  private Responses() {}

  /**
   * The bytes of a JSON body; empty if there is no body.
   *
   * @throws ApiException with 415 if the content type is another one
   */
  static byte[] body(ServerRequest request) {
    // A page of another origin can send text/plain without a preflight; nothing sends JSON under that name by accident.
    Optional<HttpMediaType> type = request.headers().contentType();
    if (type.isPresent() && !type.get().subtype().equals("json")) {
      throw ApiException.invalid(
          415,
          null,
          "unsupported_media_type",
          "The body must be application/json, but it is " + type.get().text() + ".");
    }
    return request.content().hasEntity() ? request.content().as(byte[].class) : new byte[0];
  }

  static void send(ServerResponse response, Answer answer) {
    response.status(Status.create(answer.status()));
    response.header(HeaderNames.CONTENT_TYPE, answer.contentType());
    response.header(NO_STORE);
    response.send(answer.body());
  }

  static void json(ServerResponse response, byte[] json) {
    response.header(JSON);
    response.header(NO_STORE);
    response.send(json);
  }

  /** Sends the headers of a stream. */
  static FrameWriter stream(ServerResponse response, Framing framing) {
    String type =
        switch (framing) {
          case SSE -> "text/event-stream";
          case NDJSON -> "application/x-ndjson";
        };
    response.header(HeaderValues.create(HeaderNames.CONTENT_TYPE, type));
    response.header(HeaderValues.create(HeaderNames.CACHE_CONTROL, "no-cache"));
    // nginx would collect the frames otherwise.
    response.header(HeaderNames.create("X-Accel-Buffering"), "no");
    return switch (framing) {
      case SSE -> new SseWriter(response.outputStream());
      case NDJSON -> new NdjsonWriter(response.outputStream());
    };
  }
}
