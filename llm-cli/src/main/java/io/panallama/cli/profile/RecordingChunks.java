package io.panallama.cli.profile;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;

/**
 * The chunks of a recording, each as a file of its own: recordings of several processes can stand in one file, one behind the other,
 * and each chunk is of one process. Lifetime: the files are removed by {@link #close}.
 */
final class RecordingChunks implements AutoCloseable {
  /** The first bytes of a chunk: FLR and a zero. */
  private static final int MAGIC = 0x464C5200;

  /** Where the length of a chunk stands, after the magic and two numbers of the version. */
  private static final int LENGTH_AT = 8;

  private static final int HEAD = LENGTH_AT + Long.BYTES;

  private final List<Path> files;
  private final List<Path> made;

  private RecordingChunks(List<Path> files, List<Path> made) {
    this.files = files;
    this.made = made;
  }

  /**
   * Takes a recording apart.
   *
   * @throws IOException if it can't be read, or is no recording
   */
  static RecordingChunks of(Path file) throws IOException {
    List<Path> made = new ArrayList<>();
    try (FileChannel in = FileChannel.open(file, StandardOpenOption.READ)) {
      long at = 0;
      while (at < in.size()) {
        long length = length(in, at, file);
        if (length == in.size()) {
          return new RecordingChunks(List.of(file), List.of());
        }
        Path part = Files.createTempFile("panallama-chunk", ".jfr");
        made.add(part);
        copy(in, at, length, part);
        at += length;
      }
      if (made.isEmpty()) {
        throw new IOException(file + ": the file is empty");
      }
      return new RecordingChunks(List.copyOf(made), made);
    } catch (IOException | RuntimeException failed) {
      delete(made);
      throw failed;
    }
  }

  private static long length(FileChannel in, long at, Path file) throws IOException {
    ByteBuffer head = ByteBuffer.allocate(HEAD);
    int got = 0;
    while (head.hasRemaining() && got >= 0) {
      got = in.read(head, at + head.position());
    }
    boolean whole = !head.hasRemaining();
    long length = whole ? head.getLong(LENGTH_AT) : 0;
    if (!whole || head.getInt(0) != MAGIC || length < HEAD || length > in.size() - at) {
      throw new IOException(
          file
              + (at == 0
                  ? ": it is no flight recording (.jfr), or one that is still being written"
                  : ": the recording is cut off at byte " + at));
    }
    return length;
  }

  private static void copy(FileChannel in, long at, long length, Path target) throws IOException {
    try (FileChannel out = FileChannel.open(target, StandardOpenOption.WRITE)) {
      long done = 0;
      while (done < length) {
        done += in.transferTo(at + done, length - done, out);
      }
    }
  }

  /** The chunks in the order of the file. */
  List<Path> files() {
    return files;
  }

  @Override
  public void close() throws IOException {
    delete(made);
  }

  private static void delete(List<Path> files) throws IOException {
    for (Path file : files) {
      Files.deleteIfExists(file);
    }
  }
}
