package io.panallama.server.http;

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
      FrameWriter out = Responses.stream(response, stream.framing());
      out.comment("ok");
      frames(stream.frames(), out);
      out.finish();
    } catch (IOException gone) {
      throw new CloseConnectionException("The client is gone", gone);
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
        out.event(frame.get().type(), frame.get().data());
      } else if (!frames.isDone()) {
        out.comment("waiting");
      }
    }
  }

  private void failed(Throwable failure, FrameWriter out) throws IOException {
    out.event("error", dialect.errors().write(ErrorBoundary.describe(failure, dialect)));
  }
}
