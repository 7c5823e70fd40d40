package io.panallama.server;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.SocketTimeoutException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.regex.Pattern;

/** What a server of HTTP/2 says on one connection, checked by the rules that bind it whatever the client has said. */
final class Http2Answers {
  private static final int MAX_FRAME = 16_384;
  private static final int INTERNAL_ERROR = 2;

  /** How long the server may take to close a connection that its client has closed. */
  private static final Duration CLOSING = Duration.ofSeconds(20);

  private final List<Integer> statuses = new ArrayList<>();
  private final List<Integer> resets = new ArrayList<>();
  private final List<Integer> farewells = new ArrayList<>();
  private final Map<Integer, Stream> streams = new HashMap<>();

  /** What has come on a stream. */
  private static final class Stream {
    private boolean answering;
    private boolean ended;
    private boolean reset;
    private long announced = -1;
    private long received;
  }

  private Http2Answers() {}

  /**
   * Reads until the server closes the connection.
   *
   * @param patience how long nothing may come before the client closes its side
   */
  static Http2Answers read(RawHttp client, Duration patience) throws IOException {
    Http2Answers answers = new Http2Answers();
    byte[] all = bytes(client, patience);
    String text = new String(all, StandardCharsets.ISO_8859_1);
    if (text.startsWith("HTTP/1.1 ")) {
      Pattern.compile("HTTP/1\\.1 ([2-5][0-9][0-9]) ")
          .matcher(text)
          .results()
          .forEach(match -> answers.statuses.add(Integer.valueOf(match.group(1))));
    } else {
      // What was on its way to a client that has closed its side may end anywhere.
      answers.frames(ByteBuffer.wrap(all), client.socket().isOutputShutdown());
    }
    return answers;
  }

  private static byte[] bytes(RawHttp client, Duration patience) throws IOException {
    InputStream in = client.socket().getInputStream();
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    byte[] buffer = new byte[8192];
    client.socket().setSoTimeout((int) patience.toMillis());
    while (true) {
      try {
        int read = in.read(buffer);
        if (read < 0) {
          return all.toByteArray();
        }
        all.write(buffer, 0, read);
      } catch (SocketTimeoutException silence) {
        if (client.socket().getSoTimeout() == CLOSING.toMillis()) {
          throw silence;
        }
        if (!client.socket().isOutputShutdown()) {
          client.socket().shutdownOutput();
        }
        client.socket().setSoTimeout((int) CLOSING.toMillis());
      }
    }
  }

  /**
   * @param cut whether the last frame may be incomplete
   */
  private void frames(ByteBuffer in, boolean cut) {
    boolean first = true;
    while (in.hasRemaining()) {
      if (cut && in.remaining() < 9) {
        return;
      }
      assertThat(in.remaining()).as("bytes of a frame").isGreaterThanOrEqualTo(9);
      int head = in.getInt();
      int type = head & 0xFF;
      int flags = in.get();
      int stream = in.getInt();
      byte[] payload = new byte[head >>> 8];
      assertThat(payload.length).isLessThanOrEqualTo(MAX_FRAME);
      if (cut && in.remaining() < payload.length) {
        return;
      }
      assertThat(payload.length).isLessThanOrEqualTo(in.remaining());
      in.get(payload);
      assertThat(type == RawHttp2.SETTINGS)
          .as("frame %s at first: %s", type, first)
          .isEqualTo(first || type == RawHttp2.SETTINGS);
      first = false;
      frame(new RawHttp2.Frame(type, flags, stream, payload));
    }
  }

  private void frame(RawHttp2.Frame frame) {
    switch (frame.type()) {
      case RawHttp2.SETTINGS, RawHttp2.PING -> assertThat(frame.stream()).isZero();
      case RawHttp2.GOAWAY -> farewells.add(checked(frame.error()));
      case RawHttp2.WINDOW_UPDATE -> {
        if (frame.stream() != 0) {
          assertThat(at(frame).reset).as("a window of stream %s, which was reset", frame.stream()).isFalse();
        }
      }
      case RawHttp2.RST_STREAM -> {
        resets.add(checked(frame.error()));
        at(frame).reset = true;
      }
      case RawHttp2.HEADERS -> headers(at(frame), frame);
      case RawHttp2.DATA -> data(at(frame), frame);
      default -> throw new AssertionError("A frame of type " + frame.type());
    }
  }

  private Stream at(RawHttp2.Frame frame) {
    assertThat(frame.stream() % 2).as("stream %s", frame.stream()).isOne();
    return streams.computeIfAbsent(frame.stream(), _ -> new Stream());
  }

  private static int checked(int error) {
    assertThat(error).isNotEqualTo(INTERNAL_ERROR).isBetween(0, 13);
    return error;
  }

  private void headers(Stream stream, RawHttp2.Frame frame) {
    assertThat(stream.answering || stream.reset).as("a second head on stream %s", frame.stream()).isFalse();
    Map<String, String> fields = RawHttp2.fields(frame.payload());
    int status = Integer.parseInt(Objects.requireNonNull(fields.get(":status")));
    if (status >= 200) {
      statuses.add(status);
      stream.answering = true;
      stream.announced = Long.parseLong(fields.getOrDefault("content-length", "-1"));
      end(stream, frame);
    }
  }

  private static void data(Stream stream, RawHttp2.Frame frame) {
    assertThat(stream.answering && !stream.ended && !stream.reset)
        .as("a body on stream %s, while it has one", frame.stream())
        .isTrue();
    stream.received += frame.payload().length;
    end(stream, frame);
  }

  private static void end(Stream stream, RawHttp2.Frame frame) {
    if (frame.ends()) {
      stream.ended = true;
      // The answer to a HEAD announces a body that it does not have.
      assertThat(stream.received).isIn(0L, stream.announced < 0 ? stream.received : stream.announced);
    }
  }

  List<Integer> statuses() {
    return statuses;
  }

  /** The errors of streams. */
  List<Integer> resets() {
    return resets;
  }

  /** The errors of the connection. */
  List<Integer> farewells() {
    return farewells;
  }
}
