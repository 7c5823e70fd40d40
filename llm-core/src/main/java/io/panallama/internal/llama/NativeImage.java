package io.panallama.internal.llama;

import io.panallama.internal.decode.StateImage;
import java.io.EOFException;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.ByteBuffer;
import java.nio.channels.ReadableByteChannel;
import java.nio.channels.WritableByteChannel;

/**
 * The state of a sequence in its own native memory.
 *
 * <p>Its arena is shared: the engine thread fills and restores it while another thread may write it to a file. Closing it requires a handshake between the JVM and its threads, some microseconds for an image of megabytes.
 */
final class NativeImage implements StateImage {
  /** Bytes read or written per call, so that a thread can be stopped quickly. */
  private static final long PART = 8L << 20;

  private final Arena arena;
  private final MemorySegment state;
  private boolean closed;

  private NativeImage(Arena arena, MemorySegment state) {
    this.arena = arena;
    this.state = state;
  }

  /**
   * @throws OutOfMemoryError if there is not enough memory
   */
  static NativeImage allocate(long bytes) {
    Arena arena = Arena.ofShared();
    try {
      return new NativeImage(arena, arena.allocate(bytes, 64));
    } catch (Throwable failure) {
      arena.close();
      throw failure;
    }
  }

  static NativeImage read(ReadableByteChannel channel, long bytes) throws IOException {
    NativeImage image;
    try {
      image = allocate(bytes);
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
    for (long at = 0; at < bytes(); at += PART) {
      ByteBuffer part = part(at);
      while (part.hasRemaining()) {
        if (channel.read(part) < 0) {
          throw new EOFException("The image ends after " + (at + part.position()) + " of " + bytes() + " bytes.");
        }
      }
    }
  }

  MemorySegment segment() {
    return state;
  }

  @Override
  public long bytes() {
    return state.byteSize();
  }

  @Override
  public void writeTo(WritableByteChannel channel) throws IOException {
    for (long at = 0; at < bytes(); at += PART) {
      ByteBuffer part = part(at);
      while (part.hasRemaining()) {
        channel.write(part);
      }
    }
  }

  /** A buffer can't be larger than 2 GiB, an image can. */
  private ByteBuffer part(long at) {
    return state.asSlice(at, Math.min(PART, bytes() - at)).asByteBuffer();
  }

  @Override
  public void close() {
    if (!closed) {
      closed = true;
      arena.close();
    }
  }
}
