package io.panallama.server.http;

import io.panallama.server.dialect.FrameSource;
import io.panallama.server.dialect.Frames;
import java.io.IOException;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes the frames of a stream: one write and one flush per frame, so that a frame leaves the moment it is complete. The
 * buffer is reused: a frame of ordinary size allocates nothing here.
 *
 * <p>For one thread: the request's own.
 */
abstract class FrameWriter implements Frames {
  private final OutputStream out;
  private byte[] buffer = new byte[1024];
  private int size;
  private boolean sent;

  FrameWriter(OutputStream out) {
    this.out = out;
  }

  /**
   * Keeps the connection alive while there is nothing to send, and detects a disconnect, if the framing has something
   * that readers skip.
   *
   * @param text one line
   * @throws IOException if the client has left
   */
  abstract void comment(String text) throws IOException;

  /**
   * Writes a frame that exists without its request.
   *
   * @throws IOException if the client has left
   */
  void frame(FrameSource.Frame frame) throws IOException {
    String type = frame.type();
    if (type == null) {
      data(frame.data());
    } else {
      event(type, frame.data());
    }
  }

  /** Ends a stream that is complete. */
  final void finish() throws IOException {
    out.close();
  }

  /** Whether anything was sent. */
  final boolean hasSent() {
    return sent;
  }

  /** Sends the frame that was appended. */
  final void send() throws IOException {
    sent = true;
    int length = size;
    size = 0;
    out.write(buffer, 0, length);
    out.flush();
  }

  /** Sends anything that the stream holds back, such as the headers. */
  final void flush() throws IOException {
    out.flush();
  }

  final void append(char c) {
    ensure(1);
    buffer[size++] = (byte) c;
  }

  final void append(byte[] bytes, int from, int to) {
    int length = to - from;
    ensure(length);
    System.arraycopy(bytes, from, buffer, size, length);
    size += length;
  }

  private void ensure(int more) {
    if (size + more > buffer.length) {
      buffer = Arrays.copyOf(buffer, Math.max(buffer.length * 2, size + more));
    }
  }
}
