package io.panallama.server.http;

import io.helidon.http.Header;
import io.helidon.http.HeaderNames;
import io.helidon.http.HeaderValues;
import io.helidon.http.Status;
import io.helidon.webserver.http.RoutingResponse;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Framing;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;

/** The heads and bodies of answers. */
final class Responses {
  static final Header JSON = HeaderValues.createCached(HeaderNames.CONTENT_TYPE, "application/json");
  private static final Header NO_STORE = HeaderValues.createCached(HeaderNames.CACHE_CONTROL, "no-store");

  private Responses() {}

  /**
   * Sends an answer that is no stream.
   *
   * @throws IOException if the client has left
   */
  static void send(ServerResponse response, Answer answer) throws IOException {
    response.status(Status.create(answer.status()));
    if (answer.status() == Status.NO_CONTENT_204.code()) {
      ClientConnection.current().leaveOutLength();
    } else {
      response.header(HeaderNames.CONTENT_TYPE, answer.contentType());
    }
    response.header(NO_STORE);
    answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
    Answer.Content content = answer.content();
    if (content == null) {
      response.send(answer.body());
      return;
    }
    try (InputStream in = content.open()) {
      response.contentLength(content.length());
      try (OutputStream out = response.outputStream()) {
        in.transferTo(out);
      }
    }
  }

  /** Whether an answer has begun, though its end need not have been sent. */
  static boolean begun(RoutingResponse response) {
    // Of a stream, isSent tells that only at its end.
    return response.isSent() || response.hasEntity();
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
    OutputStream body = new ChunkedBody(response.outputStream(), ClientConnection.current().writer());
    return switch (framing) {
      case SSE -> new SseWriter(body);
      case NDJSON -> new NdjsonWriter(body);
    };
  }
}
