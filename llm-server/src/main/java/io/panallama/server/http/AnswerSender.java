package io.panallama.server.http;

import io.helidon.http.HeaderNames;
import io.helidon.webserver.CloseConnectionException;
import io.helidon.webserver.http.ServerResponse;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.Dialect;
import io.panallama.server.dialect.Failures;
import io.panallama.server.dialect.FrameSource;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;

/** Sends the answers of routes that do not generate. Safe for any thread. */
final class AnswerSender {
  private final Dialect dialect;
  private final Duration heartbeat;

  /**
   * A sender of a dialect's answers.
   *
   * @param heartbeat how long a stream may be silent before it sends something that keeps its connection alive
   */
  AnswerSender(Dialect dialect, Duration heartbeat) {
    this.dialect = dialect;
    this.heartbeat = heartbeat;
  }

  void send(Answer answer, ServerResponse response) {
    Answer.Stream stream = answer.stream();
    try {
      if (stream == null) {
        Responses.send(response, answer);
        return;
      }
      answer.headers().forEach((name, value) -> response.header(HeaderNames.create(name), value));
      send(stream, Responses.stream(response, stream.framing()));
    } catch (IOException gone) {
      throw new CloseConnectionException("The client is gone", gone);
    }
  }

  private void send(Answer.Stream stream, FrameWriter out) throws IOException {
    ClientConnection client = ClientConnection.current();
    FrameSource frames = stream.frames();
    // Registered first: a client that has left by then is noticed at once.
    try (ClientConnection.Watch _ = client.whenGone(frames::leave)) {
      out.comment("ok");
      if (!client.asksForHead()) {
        frames(frames, out);
      }
      if (frames.isCut()) {
        throw new CloseConnectionException("The stream goes on without this connection");
      }
      out.finish();
    } finally {
      frames.leave();
    }
  }

  private void frames(FrameSource frames, FrameWriter out) throws IOException {
    while (!frames.isDone()) {
      Optional<FrameSource.Frame> frame;
      try {
        frame = frames.next(heartbeat);
      } catch (InterruptedException stopped) {
        failed(Failures.shuttingDown(stopped), out);
        return;
      } catch (RuntimeException | OutOfMemoryError failed) {
        failed(failed, out);
        return;
      }
      if (frame.isPresent()) {
        out.frame(frame.get());
      } else if (!frames.isDone()) {
        out.comment("waiting");
      }
    }
  }

  private void failed(Throwable failure, FrameWriter out) throws IOException {
    out.event("error", dialect.errors().write(ErrorBoundary.describe(failure, dialect)));
  }
}
