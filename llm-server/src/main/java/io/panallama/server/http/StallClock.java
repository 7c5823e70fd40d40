package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.time.Duration;

/** A writer that measures how long its current write has been blocked. */
final class StallClock implements DataWriter {
  private final DataWriter writer;
  private volatile long since;
  private volatile boolean writing;

  StallClock(DataWriter writer) {
    this.writer = writer;
  }

  /** Zero unless a write is in progress. Any thread. */
  Duration stalledFor() {
    return writing ? Duration.ofNanos(System.nanoTime() - since) : Duration.ZERO;
  }

  @Override
  public void write(BufferData... buffers) {
    timed(() -> writer.write(buffers));
  }

  @Override
  public void write(BufferData buffer) {
    timed(() -> writer.write(buffer));
  }

  @Override
  public void writeNow(BufferData... buffers) {
    timed(() -> writer.writeNow(buffers));
  }

  @Override
  public void writeNow(BufferData buffer) {
    timed(() -> writer.writeNow(buffer));
  }

  @Override
  public void flush() {
    timed(writer::flush);
  }

  @Override
  public void close() {
    writer.close();
  }

  private void timed(Runnable write) {
    since = System.nanoTime();
    writing = true;
    try {
      write.run();
    } finally {
      writing = false;
    }
  }
}
