package io.panallama.server.http;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.server.dialect.FrameSource;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import org.junit.jupiter.api.Test;

class NdjsonWriterTest {
  private final ByteArrayOutputStream out = new ByteArrayOutputStream();
  private final NdjsonWriter lines = new NdjsonWriter(out);

  @Test
  void aDocumentIsALine() throws IOException {
    lines.data("{\"a\":".getBytes(UTF_8), "1".getBytes(UTF_8), "}".getBytes(UTF_8));
    lines.event("error", "{\"error\":\"x\"}".getBytes(UTF_8));
    assertThat(out.toString(UTF_8)).isEqualTo("{\"a\":1}\n{\"error\":\"x\"}\n");
  }

  @Test
  void aLineEndInsideADocumentIsASpace() throws IOException {
    lines.data("{\n\"a\":\r\n1}".getBytes(UTF_8));
    assertThat(out.toString(UTF_8)).isEqualTo("{ \"a\":  1}\n");
  }

  @Test
  void aLineHasNoId() throws IOException {
    lines.frame(new FrameSource.Frame("s:1", null, "{}".getBytes(UTF_8)));
    assertThat(out.toString(UTF_8)).isEqualTo("{}\n");
  }

  @Test
  void thereAreNoComments() throws IOException {
    lines.comment("waiting");
    assertThat(out.size()).isZero();
    assertThat(lines.hasSent()).isFalse();
  }
}
