package io.panallama.jmh;

import io.panallama.request.ChatRequest;
import io.panallama.server.sse.SseWriter;
import io.panallama.server.wire.AnswerEncoder;
import io.panallama.server.wire.ApiRequest;
import java.io.IOException;
import java.io.OutputStream;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/** A token of a streamed answer, from text to the bytes that are handed to the connection. */
@State(Scope.Thread)
public class StreamBenchmark extends LauncherJvm {
  private final Wire wire = new Wire();
  private final SseWriter sse = new SseWriter(wire);
  private final AnswerEncoder encoder =
      AnswerEncoder.chat(
          "panallama-demo", new ApiRequest(ChatRequest.of("Hello"), true, false, 0), token -> new byte[] {'x'});
  private final byte[] escaped = AnswerEncoder.text(" token");
  private String plain = " token";
  private String special = "\n\"é";

  /** Takes what a socket would. */
  private static final class Wire extends OutputStream {
    private final byte[] bytes = new byte[4096];

    @Override
    public void write(int b) {
      throw new IllegalStateException("events are written whole");
    }

    @Override
    public void write(byte[] source, int from, int length) {
      System.arraycopy(source, from, bytes, 0, length);
    }
  }

  /** JSON of the text alone: nothing to escape. */
  @Benchmark
  public byte[] escapePlain() {
    return AnswerEncoder.text(plain);
  }

  /** JSON of the text alone: a line end, a quote and a letter of two bytes. */
  @Benchmark
  public byte[] escapeSpecial() {
    return AnswerEncoder.text(special);
  }

  /** SSE framing of a chunk whose text is JSON already. */
  @Benchmark
  public Object frame() throws IOException {
    sse.data(encoder.beforeText(), escaped, encoder.afterText());
    return wire.bytes;
  }

  /** All that the server does for a token. */
  @Benchmark
  public Object chunk() throws IOException {
    sse.data(encoder.beforeText(), AnswerEncoder.text(plain), encoder.afterText());
    return wire.bytes;
  }
}
