package io.panallama.server.http;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.Call;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.JsonFields;
import java.time.Duration;

/** Whether the client of a stream wants to be able to come back to it. */
final class ResumeWish {
  /** The header by which a client asks, and by which the answer tells for how many seconds it may stay away. */
  static final String HEADER = "Panallama-Resume";

  private static final String SECONDS = "\\d{1,9}";
  private static final String FIELD = "stream_options.resumable";

  private ResumeWish() {}

  /**
   * How long the stream is to be kept without its client; zero if it is to end with its connection, as all do whose client does not ask.
   * The header goes before the body's field, and has no effect on an answer that is no stream.
   *
   * @param most the longest time; zero if no stream can be kept
   * @throws ApiException if the header has another value than {@code true}, {@code false} or a number of seconds
   */
  static Duration read(ClientRequest asked, Call call, Duration most) {
    String header = asked.header(HEADER).orElse("").strip();
    boolean asks = header.isEmpty() ? call.resumable() : asks(header);
    if (!asks || !call.stream()) {
      return Duration.ZERO;
    }
    if (most.isZero()) {
      asked
          .ignored()
          .unsupported(
              header.isEmpty() ? FIELD : HEADER,
              "This server keeps no streams to be resumed; it was started with --resume-time 0.");
      return Duration.ZERO;
    }
    if (!header.matches(SECONDS)) {
      return most;
    }
    Duration seconds = Duration.ofSeconds(Long.parseLong(header));
    return seconds.compareTo(most) < 0 ? seconds : most;
  }

  private static boolean asks(String header) {
    if (header.equalsIgnoreCase("true") || header.equalsIgnoreCase("false")) {
      return header.equalsIgnoreCase("true");
    }
    if (!header.matches(SECONDS)) {
      throw ApiException.invalid(
          HEADER,
          "The header "
              + HEADER
              + " must be true, false or a whole number of seconds, but it is \""
              + JsonFields.shorten(header)
              + "\".");
    }
    return Long.parseLong(header) > 0;
  }
}
