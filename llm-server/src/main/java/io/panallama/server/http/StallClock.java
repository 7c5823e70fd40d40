package io.panallama.server.http;

import io.helidon.common.buffers.BufferData;
import io.helidon.common.buffers.DataWriter;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.LongSupplier;

/**
 * A writer that measures how long its client has left it waiting.
 *
 * <p>The time of each write counts, less what a slow client would have taken for its bytes. A client that reads slowly is
 * therefore told from one that does not read, or reads so little that it only holds its answer up.
 *
 * <p>One thread writes; any thread may ask.
 */
final class StallClock implements DataWriter {
  /** A client that reads more slowly than this counts as not reading. The default of Kestrel's MinResponseDataRate. */
  private static final long BYTES_PER_SECOND = 240;

  private static final long NANOS_PER_BYTE = Duration.ofSeconds(1).toNanos() / BYTES_PER_SECOND;

  /** Bytes per write, so that progress shows within a large answer. */
  private static final int PIECE = 4 << 10;

  private static final long NOT_WRITING = Long.MIN_VALUE;

  private final DataWriter writer;
  private final LongSupplier nanoTime;

  /** When the current write would have begun if all of the client's delay belonged to it. */
  private volatile long since = NOT_WRITING;

  /** By how much the writes before the current one took too long, in nanoseconds. */
  private long late;

  StallClock(DataWriter writer) {
    this(writer, System::nanoTime);
  }

  /** For tests: {@code nanoTime} is the clock. */
  StallClock(DataWriter writer, LongSupplier nanoTime) {
    this.writer = writer;
    this.nanoTime = nanoTime;
  }

  /** Zero unless a write is in progress. Any thread. */
  Duration stalledFor() {
    long began = since;
    return began == NOT_WRITING ? Duration.ZERO : Duration.ofNanos(nanoTime.getAsLong() - began);
  }

  @Override
  public void write(BufferData... buffers) {
    write(BufferData.create(buffers));
  }

  @Override
  public void write(BufferData buffer) {
    inPieces(buffer, writer::write);
  }

  @Override
  public void writeNow(BufferData... buffers) {
    writeNow(BufferData.create(buffers));
  }

  @Override
  public void writeNow(BufferData buffer) {
    inPieces(buffer, writer::writeNow);
  }

  @Override
  public void flush() {
    timed(BufferData.empty(), ignored -> writer.flush());
  }

  @Override
  public void close() {
    writer.close();
  }

  /** Does what may write to the client in another way. */
  void timed(Runnable write) {
    timed(BufferData.empty(), ignored -> write.run());
  }

  private void inPieces(BufferData buffer, Consumer<BufferData> write) {
    while (buffer.available() > PIECE) {
      byte[] piece = new byte[PIECE];
      timed(BufferData.create(piece, 0, buffer.read(piece)), write);
    }
    timed(buffer, write);
  }

  private void timed(BufferData buffer, Consumer<BufferData> write) {
    long bytes = buffer.available();
    long began = nanoTime.getAsLong();
    since = began - late;
    try {
      write.accept(buffer);
    } finally {
      since = NOT_WRITING;
      late = Math.max(0, late + nanoTime.getAsLong() - began - bytes * NANOS_PER_BYTE);
    }
  }
}
