package io.panallama.internal.llama;

import io.panallama.error.ModelFileChangedException;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/**
 * Notices that the files of a model change while its weights are mapped: reading a page beyond the end of a file that
 * became shorter ends the process (SIGBUS), and what is written to a mapped file becomes the model's weights.
 *
 * <p>The size is that of the opened file. A file that is deleted, or replaced by renaming another to its name, stays as it
 * is for those that have mapped it, and counts as unchanged. Thread-safe; {@link #change} allocates nothing while nothing
 * has changed, apart from reading the time of modification now and then.
 */
public final class ModelFiles implements AutoCloseable {
  /** The first of a model's files, as llama.cpp names them. */
  private static final Pattern FIRST = Pattern.compile("(.*-)00001-of-(\\d{5})(\\.gguf)");

  /** Reading the time of modification takes ten times as long as reading the size of an open file, and allocates. */
  private static final long TIME_INTERVAL_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** What is compared of a file whose time of modification has changed: so many parts, of so many bytes. */
  private static final int SAMPLES = 64;

  private static final int SAMPLE_BYTES = 4096;

  private final Path path;
  private final List<Watched> files;
  private volatile long timesRead = System.nanoTime();
  private volatile @Nullable String change;
  private volatile boolean closed;

  private ModelFiles(Path path, List<Watched> files) {
    this.path = path;
    this.files = files;
  }

  /** An open file, and what it was when it was opened. */
  private static final class Watched {
    private final Path path;
    private final RandomAccessFile file;
    private final long size;
    private final long samples;
    private final @Nullable Object key;
    private volatile FileTime time;

    private Watched(Path path, RandomAccessFile file, BasicFileAttributes facts) throws IOException {
      this.path = path;
      this.file = file;
      this.size = file.length();
      this.key = facts.fileKey();
      this.time = facts.lastModifiedTime();
      this.samples = samples();
    }

    /** A checksum of parts from all over the file. */
    private synchronized long samples() throws IOException {
      CRC32C sum = new CRC32C();
      byte[] part = new byte[(int) Math.min(SAMPLE_BYTES, size)];
      for (int i = 0; i < SAMPLES; i++) {
        file.seek((size - part.length) / (SAMPLES - 1) * i);
        file.readFully(part);
        sum.update(part);
      }
      return sum.getValue();
    }

    static Watched open(Path path) throws IOException {
      // Opening a pipe would wait for a writer.
      if (!Files.isRegularFile(path)) {
        throw new IOException("not a regular file");
      }
      RandomAccessFile file = new RandomAccessFile(path.toFile(), "r");
      try {
        return new Watched(path, file, Files.readAttributes(path, BasicFileAttributes.class));
      } catch (IOException | RuntimeException failure) {
        file.close();
        throw failure;
      }
    }

    @Nullable String changedSize() {
      long now;
      try {
        now = file.length();
      } catch (IOException gone) {
        return "can't be read any more (" + gone.getMessage() + ")";
      }
      return now == size ? null : "has " + now + " bytes instead of " + size;
    }

    /** Whether the file under the path is still the same one, and was written to; a new time alone is no change. */
    @Nullable String changedContent() {
      BasicFileAttributes facts;
      try {
        facts = Files.readAttributes(path, BasicFileAttributes.class);
      } catch (IOException gone) {
        return null;
      }
      if (key == null || !key.equals(facts.fileKey()) || facts.lastModifiedTime().equals(time)) {
        return null;
      }
      try {
        if (samples() != samples) {
          return "was written to";
        }
      } catch (IOException gone) {
        return "can't be read any more (" + gone.getMessage() + ")";
      }
      time = facts.lastModifiedTime();
      return null;
    }

    @Nullable String replaced() {
      try {
        Object now = Files.readAttributes(path, BasicFileAttributes.class).fileKey();
        return Objects.equals(key, now) ? null : "was replaced";
      } catch (IOException gone) {
        return "was deleted";
      }
    }
  }

  /**
   * Opens the files of a model. What can't be opened is not watched: loading it will fail.
   *
   * @param path the only file, or the first one
   */
  public static ModelFiles open(Path path) {
    List<Watched> files = new ArrayList<>();
    for (Path each : all(path)) {
      try {
        files.add(Watched.open(each));
      } catch (IOException | UnsupportedOperationException unreadable) {
        break;
      }
    }
    return new ModelFiles(path, List.copyOf(files));
  }

  private static List<Path> all(Path path) {
    List<Path> all = new ArrayList<>(List.of(path));
    Matcher name = FIRST.matcher(String.valueOf(path.getFileName()));
    if (name.matches()) {
      int count = Integer.parseInt(name.group(2));
      for (int i = 2; i <= count; i++) {
        all.add(
            path.resolveSibling(
                String.format(Locale.ROOT, "%s%05d-of-%05d%s", name.group(1), i, count, name.group(3))));
      }
    }
    return all;
  }

  /** How a file has changed, as the end of a sentence that begins with its name; null if none has. */
  public @Nullable ModelFileChangedException change() {
    if (closed) {
      return null;
    }
    String known = change;
    if (known == null) {
      known = find(System.nanoTime());
      change = known;
    }
    return known == null ? null : new ModelFileChangedException(path, known);
  }

  private @Nullable String find(long now) {
    boolean times = now - timesRead >= TIME_INTERVAL_NANOS;
    if (times) {
      timesRead = now;
    }
    for (int i = 0; i < files.size(); i++) {
      Watched file = files.get(i);
      String found = file.changedSize();
      if (found == null && times) {
        found = file.changedContent();
      }
      if (found != null) {
        return closed ? null : file.path + " " + found;
      }
    }
    return null;
  }

  /** As {@link #change}, right after the load: a file that was replaced meanwhile may be another than the one checked. */
  public @Nullable String changeWhileLoading() {
    for (Watched file : files) {
      for (@Nullable String found :
          new @Nullable String[] {file.changedSize(), file.changedContent(), file.replaced()}) {
        if (found != null) {
          return file.path + " " + found;
        }
      }
    }
    return null;
  }

  @Override
  public void close() {
    closed = true;
    for (Watched file : files) {
      try {
        file.file.close();
      } catch (IOException harmless) {
        // It was only read.
      }
    }
  }
}
