package io.panallama.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.panallama.server.dialect.FrameSource;
import java.io.IOException;
import java.io.OutputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SseWriterTest {
  private final Recorder out = new Recorder();
  private final SseWriter sse = new SseWriter(out);

  @Test
  void anEventIsOneWriteAndOneFlush() throws IOException {
    sse.data("{\"a\":".getBytes(UTF_8), "1".getBytes(UTF_8), "}".getBytes(UTF_8));
    sse.event("error", "{}".getBytes(UTF_8));
    sse.comment("waiting");

    assertThat(out.calls)
        .containsExactly(
            "data: {\"a\":1}\n\n", "flush", "event: error\ndata: {}\n\n", "flush", ": waiting\n\n", "flush");
  }

  @Test
  void aFrameMayHaveAnIdWhichIsOneWriteWithIt() throws IOException {
    sse.frame(new FrameSource.Frame("s:1", null, "{}".getBytes(UTF_8)));
    sse.frame(new FrameSource.Frame("s:2", "ping", "{}".getBytes(UTF_8)));
    sse.frame(new FrameSource.Frame("ping", "{}".getBytes(UTF_8)));
    assertThat(out.calls)
        .containsExactly(
            "id: s:1\ndata: {}\n\n",
            "flush",
            "id: s:2\nevent: ping\ndata: {}\n\n",
            "flush",
            "event: ping\ndata: {}\n\n",
            "flush");
  }

  @ParameterizedTest
  @CsvSource({"a\\nb", "a\\rb", "a\\r\\nb"})
  void aLineEndInDataBeginsANewDataLine(String escaped) throws IOException {
    sse.data(escaped.translateEscapes().getBytes(UTF_8));
    assertThat(out.calls.getFirst()).isEqualTo("data: a\ndata: b\n\n");
  }

  @Test
  void dataCannotForgeAnEvent() throws IOException {
    sse.data("x\n\nevent: error\rdata: y\n".getBytes(UTF_8));
    assertThat(out.calls.getFirst().lines().filter(line -> !line.isEmpty()))
        .allMatch(line -> line.startsWith("data: "));
    assertThat(out.calls.getFirst()).endsWith("\n\n").doesNotContain("\n\ndata");
  }

  @Test
  void aFieldOfSeveralLinesIsRefused() {
    assertThatThrownBy(() -> sse.comment("a\nb")).isInstanceOf(IllegalArgumentException.class);
    assertThatThrownBy(() -> sse.event("a\rb", new byte[0])).isInstanceOf(IllegalArgumentException.class);
  }

  @Test
  void anEventMayBeLargerThanTheBuffer() throws IOException {
    String large = "🦙".repeat(10_000);
    sse.data(large.getBytes(UTF_8));
    sse.data("small".getBytes(UTF_8));
    assertThat(out.calls).containsExactly("data: " + large + "\n\n", "flush", "data: small\n\n", "flush");
  }

  private static final class Recorder extends OutputStream {
    final List<String> calls = new ArrayList<>();

    @Override
    public void write(int b) {
      throw new AssertionError("Events are written whole");
    }

    @Override
    public void write(byte[] bytes, int from, int length) {
      calls.add(new String(bytes, from, length, UTF_8));
    }

    @Override
    public void flush() {
      calls.add("flush");
    }
  }
}
