package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** What is written of a stream that may end at any moment. */
class Http2OutputTest {
  private final List<Byte> types = new ArrayList<>();
  private Runnable beforeFrame = () -> {};

  private final Http2Output out =
      new Http2Output(
          new DataWriter() {
            @Override
            public void write(BufferData... buffers) {
              throw new UnsupportedOperationException();
            }

            @Override
            public void write(BufferData buffer) {
              throw new UnsupportedOperationException();
            }

            @Override
            public void writeNow(BufferData... buffers) {
              throw new UnsupportedOperationException();
            }

            @Override
            public void writeNow(BufferData buffer) {
              types.add(buffer.readBytes()[3]);
              beforeFrame.run();
            }
          });

  @Test
  void nothingIsWrittenOfAStreamThatHasEnded() {
    assertThat(out.headers(1, () -> true, 200, List.of(), false)).isFalse();
    assertThat(out.data(1, () -> true, new byte[1], 0, 1, false)).isFalse();
    assertThat(types).isEmpty();
    assertThat(out.data(1, () -> false, new byte[1], 0, 1, false)).isTrue();
    assertThat(types).containsExactly((byte) Http2Input.DATA);
  }

  @Test
  void anAnswerIsCutWhereItsStreamEnds() {
    Http2Windows windows = new Http2Windows();
    Http2Windows.Window window = windows.open();
    Http2Answer answer = new Http2Answer(1, out, windows, window);
    answer.write("HTTP/1.1 200 OK\r\nContent-Length: 40000\r\n\r\n".getBytes(StandardCharsets.US_ASCII));
    // The stream ends while its first frame is written; the second must not follow.
    beforeFrame = () -> windows.close(window);
    assertThatThrownBy(() -> answer.write(new byte[40_000])).isInstanceOf(UncheckedIOException.class);
    assertThat(types).containsExactly((byte) Http2Input.HEADERS, (byte) Http2Input.DATA);

    Http2Windows.Window other = windows.open();
    assertThat(windows.take(other, Http2Windows.INITIAL))
        .as("what is left of the connection's window")
        .isEqualTo(Http2Windows.INITIAL - Http2Output.MAX_FRAME);
  }

  @Test
  void bytesThatAreNotSentGoBackToTheConnectionsWindow() {
    Http2Windows windows = new Http2Windows();
    int taken = windows.take(windows.open(), 1000);
    windows.giveBack(taken);
    assertThat(windows.take(windows.open(), Http2Windows.INITIAL)).isEqualTo(Http2Windows.INITIAL);
  }
}
