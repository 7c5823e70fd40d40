package io.panallama.server.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ChunkedBodyTest {
  private final ByteArrayOutputStream helidon = new ByteArrayOutputStream();
  private final Wire wire = new Wire();
  private final ChunkedBody body = new ChunkedBody(helidon, wire);

  /** What reaches the connection without Helidon, and in how many writes. */
  private static final class Wire implements DataWriter {
    private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    private int writes;
    private boolean broken;

    @Override
    public void write(BufferData... buffers) {
      write(BufferData.create(buffers));
    }

    @Override
    public void write(BufferData buffer) {
      if (broken) {
        throw new UncheckedIOException(new IOException("Broken pipe"));
      }
      writes++;
      bytes.writeBytes(buffer.readBytes());
    }

    @Override
    public void writeNow(BufferData... buffers) {
      write(buffers);
    }

    @Override
    public void writeNow(BufferData buffer) {
      write(buffer);
    }
  }

  private static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.US_ASCII);
  }

  private void begin() throws IOException {
    body.write(ascii("first"));
    body.flush();
  }

  @Test
  void helidonWritesTheFirstChunkAndTheHeadBeforeIt() throws IOException {
    body.flush();
    begin();
    assertThat(helidon.toString(StandardCharsets.US_ASCII)).isEqualTo("first");
    assertThat(wire.writes).isZero();
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 9, 10, 15, 16, 255, 256, 1012, 1013, 4095, 4096, 70_000, 1 << 20})
  void laterChunkIsOneWriteWithItsSize(int length) throws IOException {
    begin();
    byte[] data = ascii("x".repeat(length));
    body.write(data);
    body.flush();
    assertThat(wire.writes).isEqualTo(1);
    String expected = Integer.toHexString(length) + "\r\n" + "x".repeat(length) + "\r\n";
    assertThat(wire.bytes.toString(StandardCharsets.US_ASCII)).isEqualTo(expected);
    assertThat(helidon.toString(StandardCharsets.US_ASCII)).isEqualTo("first");
  }

  @Test
  void partOfAnArrayIsWritten() throws IOException {
    begin();
    body.write(ascii("0123456789"), 3, 4);
    body.write('x');
    assertThat(wire.bytes.toString(StandardCharsets.US_ASCII)).isEqualTo("4\r\n3456\r\n1\r\nx\r\n");
  }

  @Test
  void emptyWriteDoesNotEndTheBody() throws IOException {
    begin();
    body.write(new byte[0]);
    assertThat(wire.writes).isZero();
  }

  @Test
  void brokenConnectionIsAnIoException() throws IOException {
    begin();
    wire.broken = true;
    assertThatThrownBy(() -> body.write(ascii("x"))).isInstanceOf(IOException.class).hasMessage("Broken pipe");
  }
}
