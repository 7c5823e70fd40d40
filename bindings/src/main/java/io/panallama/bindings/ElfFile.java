package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.file.Path;

/**
 * Checks a shared library of Linux before the dynamic linker sees it. glibc maps the segments of the program headers without
 * comparing them with the file's size, so an incompletely copied library ends the process with SIGBUS instead of an error.
 */
final class ElfFile {
  private static final int MAGIC = 0x464c457f;
  private static final int HEADER_SIZE = 64;
  private static final int PROGRAM_HEADER_SIZE = 56;
  private static final int PT_LOAD = 1;

  private ElfFile() {}

  /**
   * Checks that a file is a complete ELF library for an architecture.
   *
   * @throws NativeLoadException with {@link Reason#CORRUPT} if it is truncated or not an ELF file, and with {@link
   *     Reason#WRONG_PLATFORM} if it is for another processor
   */
  static void check(Path file, Platform.Arch arch) {
    try (FileChannel channel = FileChannel.open(file)) {
      long size = channel.size();
      ByteBuffer header = read(channel, 0, HEADER_SIZE, file);
      if (header.getInt(0) != MAGIC) {
        throw new NativeLoadException(Reason.CORRUPT, file + " is not a Linux library (an ELF file)");
      }
      int expected =
          switch (arch) {
            case X64 -> 62;
            case ARM64 -> 183;
          };
      // 64 bits, little endian, then e_machine.
      if (header.get(4) != 2 || header.get(5) != 1 || header.getShort(18) != expected) {
        throw new NativeLoadException(
            Reason.WRONG_PLATFORM,
            "%s is built for another processor (ELF machine %d, this machine is %d)"
                .formatted(file, header.getShort(18), expected));
      }
      long table = header.getLong(32);
      int count = Short.toUnsignedInt(header.getShort(56));
      ByteBuffer programs = read(channel, table, count * PROGRAM_HEADER_SIZE, file);
      for (int i = 0; i < count; i++) {
        int at = i * PROGRAM_HEADER_SIZE;
        long end = programs.getLong(at + 8) + programs.getLong(at + 32);
        if (programs.getInt(at) == PT_LOAD && (end < 0 || end > size)) {
          throw cutOff(file, "it has %d bytes and needs %d".formatted(size, end));
        }
      }
    } catch (IOException e) {
      throw new NativeLoadException(Reason.LOAD_FAILED, file + " cannot be read: " + e.getMessage(), e);
    }
  }

  private static ByteBuffer read(FileChannel channel, long position, int length, Path file) throws IOException {
    if (position < 0 || position > channel.size() - length) {
      throw cutOff(file, "its header does not fit into its %d bytes".formatted(channel.size()));
    }
    ByteBuffer buffer = ByteBuffer.allocate(length).order(ByteOrder.LITTLE_ENDIAN);
    while (buffer.hasRemaining() && channel.read(buffer, position + buffer.position()) >= 0) {
      // Reads until the buffer is full; the file is long enough, as checked above.
    }
    return buffer;
  }

  private static NativeLoadException cutOff(Path file, String what) {
    return new NativeLoadException(Reason.CORRUPT, "%s is truncated: %s; copy or build it again".formatted(file, what));
  }
}
