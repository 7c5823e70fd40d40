package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * The body of a streamed answer. Helidon writes the head, the first chunk and the end; the chunks between go to the connection as they are,
 * because Helidon copies each of them twice and allocates both copies.
 *
 * <p>A chunk is framed as RFC 9112, 7.1, says. For one thread: the request's own.
 */
final class ChunkedBody extends OutputStream {
  private static final byte[] DIGITS = "0123456789abcdef".getBytes(StandardCharsets.US_ASCII);

  /** The most digits of a chunk's size, its line end, and that of the chunk. */
  private static final int FRAMING = 8 + 2 + 2;

  private final OutputStream helidon;
  private final DataWriter connection;
  private byte[] chunk = new byte[1024];
  private boolean written;
  private boolean begun;

  /**
   * @param helidon the stream of an answer that has no length
   * @param connection the writer to which {@code helidon} writes
   */
  ChunkedBody(OutputStream helidon, DataWriter connection) {
    this.helidon = helidon;
    this.connection = connection;
  }

  @Override
  public void write(int b) throws IOException {
    write(new byte[] {(byte) b}, 0, 1);
  }

  @Override
  public void write(byte[] bytes, int from, int length) throws IOException {
    if (length == 0) {
      // An empty chunk would be the end.
      return;
    }
    if (!begun) {
      written = true;
      helidon.write(bytes, from, length);
      return;
    }
    if (chunk.length < length + FRAMING) {
      chunk = new byte[Math.max(2 * chunk.length, length + FRAMING)];
    }
    int size = 0;
    for (int shift = (31 - Integer.numberOfLeadingZeros(length)) / 4 * 4; shift >= 0; shift -= 4) {
      chunk[size++] = DIGITS[(length >> shift) & 0xF];
    }
    chunk[size++] = '\r';
    chunk[size++] = '\n';
    System.arraycopy(bytes, from, chunk, size, length);
    size += length;
    chunk[size++] = '\r';
    chunk[size++] = '\n';
    try {
      connection.writeNow(BufferData.create(chunk, 0, size));
    } catch (UncheckedIOException gone) {
      throw gone.getCause();
    }
  }

  /** The head and the first chunk leave with the first flush; later chunks have left already. */
  @Override
  public void flush() throws IOException {
    if (!begun) {
      helidon.flush();
      begun = written;
    }
  }

  /** Ends the body. */
  @Override
  public void close() throws IOException {
    helidon.close();
  }
}
