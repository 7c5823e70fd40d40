package io.panallama.internal.llama;

import io.panallama.internal.decode.StateImage;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * The state of a sequence in its own native memory.
 *
 * <p>A state begins with a magic number, the id of its sequence, which does not matter, and the number of streams of the
 * KV cache; then come the cells of each stream. Only one of them has any; the others are counts, which are zero. So that a file does not depend on how the engine that wrote
 * it divides its cache, a file has one stream, whatever is in memory.
 *
 * <p>Its arena is shared: the engine thread fills and restores it while another thread may write it to a file. Closing
 * it requires a handshake between the JVM and its threads, some microseconds for an image of megabytes.
 */
final class NativeImage implements StateImage {
  /** Bytes read or written per call, so that a thread can be stopped quickly. */
  private static final long PART = 8L << 20;

  private static final int COUNT = Integer.BYTES;

  /** Where the number of streams stands. */
  private static final int STREAMS_AT = 2 * COUNT;

  private static final int HEAD_BYTES = STREAMS_AT + COUNT;

  private final Arena arena;
  private final MemorySegment state;

  /** Number of streams that the state names; 0 if a file has just the same bytes. */
  private final int streams;

  /** The part of the state that a file has, too. */
  private final MemorySegment body;

  private boolean closed;

  /**
   * @param stream the stream that has the cells
   */
  private NativeImage(Arena arena, MemorySegment state, int streams, int stream) {
    this.arena = arena;
    this.state = state;
    this.streams = streams;
    this.body =
        streams == 0
            ? state
            : state.asSlice(
                HEAD_BYTES + (long) COUNT * stream, state.byteSize() - HEAD_BYTES - (long) COUNT * (streams - 1));
  }

  /**
   * Allocates an image that llama.cpp will write.
   *
   * @param streams number of streams of the cache; 0 if a file is to have just these bytes
   * @param sequence that has the cells
   * @throws OutOfMemoryError if there is not enough memory
   */
  static NativeImage allocate(long bytes, int streams, int sequence) {
    Arena arena = Arena.ofShared();
    try {
      return new NativeImage(arena, arena.allocate(bytes, 64), streams, sequence);
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  /**
   * Reads the bytes of a file.
   *
   * @param streams number of streams of the cache that it is for; 0 if it needs just these bytes
   */
  static NativeImage read(ReadableByteChannel channel, long bytes, int streams) throws IOException {
    NativeImage image;
    try {
      image = allocate(streams == 0 ? bytes : bytes + (long) COUNT * (streams - 1), streams, 0);
    } catch (OutOfMemoryError none) {
      throw new IOException("There is no memory for an image of " + SystemMemory.text(bytes) + ".", none);
    }
    try {
      image.fill(channel);
    } catch (Throwable failure) {
      image.close();
      throw failure;
    }
    return image;
  }

  private void fill(ReadableByteChannel channel) throws IOException {
    if (streams > 0) {
      ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.nativeOrder());
      fill(channel, head);
      if (head.getInt(STREAMS_AT) != 1) {
        throw new IOException("The image is of a cache with " + head.getInt(STREAMS_AT) + " streams, not of one.");
      }
      head.putInt(STREAMS_AT, streams);
      MemorySegment.copy(head.array(), 0, state, ValueLayout.JAVA_BYTE, 0, HEAD_BYTES);
    }
    for (long at = 0; at < body.byteSize(); at += PART) {
      fill(channel, part(at));
    }
  }

  private void fill(ReadableByteChannel channel, ByteBuffer part) throws IOException {
    while (part.hasRemaining()) {
      if (channel.read(part) < 0) {
        throw new EOFException("The image ends before its " + bytes() + " bytes.");
      }
    }
  }

  MemorySegment segment() {
    return state;
  }

  @Override
  public long bytes() {
    return streams == 0 ? state.byteSize() : HEAD_BYTES + body.byteSize();
  }

  @Override
  public void writeTo(WritableByteChannel channel) throws IOException {
    if (streams > 0) {
      ByteBuffer head = ByteBuffer.allocate(HEAD_BYTES).order(ByteOrder.nativeOrder());
      MemorySegment.copy(state, ValueLayout.JAVA_BYTE, 0, head.array(), 0, HEAD_BYTES);
      write(head.putInt(STREAMS_AT, 1), channel);
    }
    for (long at = 0; at < body.byteSize(); at += PART) {
      write(part(at), channel);
    }
  }

  private static void write(ByteBuffer part, WritableByteChannel channel) throws IOException {
    while (part.hasRemaining()) {
      channel.write(part);
    }
  }

  /** A buffer can't be larger than 2 GiB, an image can. */
  private ByteBuffer part(long at) {
    return body.asSlice(at, Math.min(PART, body.byteSize() - at)).asByteBuffer();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
