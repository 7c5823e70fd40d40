package io.panallama.server.dialect.openai;

import io.panallama.jmh.LauncherJvm;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.http.SseWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.State;

/**
 * A token of a streamed answer, from its text to the bytes for the connection. It lives in the package of the writer
 * that it measures, because the server does not export that package; JMH's class path allows this.
 */
@State(Scope.Thread)
public class StreamBenchmark extends LauncherJvm {
  private final Wire wire = new Wire();
  private final SseWriter sse = new SseWriter(wire);
  private final OpenAiWriter writer =
      OpenAiWriter.of(
          new OpenAiWriter.Format(
              true, false, 0, false, ChatDelta.Calls.PIECES, List.of(), false, false, 1, Telemetry.Wanted.NONE),
          "panallama-demo",
          token -> new byte[] {'x'},
          null);
  private final byte[] escaped = Json.escape(" token");
  private String plain = " token";
  private String special = "\n\"é";

  /** Receives the bytes in place of a socket. */
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

  /** Only the JSON of the text, with nothing to escape. */
  @Benchmark
  public byte[] escapePlain() {
    return Json.escape(plain);
  }

  /** Only the JSON of the text, with a line end, a quote and a letter of two bytes. */
  @Benchmark
  public byte[] escapeSpecial() {
    return Json.escape(special);
  }

  /** The SSE frame of a chunk whose text is JSON already. */
  @Benchmark
  public Object frame() throws IOException {
    writer.text(escaped, sse);
    return wire.bytes;
  }

  /** Everything that the server does for a token before the socket. */
  @Benchmark
  public Object chunk() throws IOException {
    writer.text(Json.escape(plain), sse);
    return wire.bytes;
  }
}
