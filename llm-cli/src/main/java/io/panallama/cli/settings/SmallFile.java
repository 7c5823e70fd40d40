package io.panallama.cli.settings;

import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;

/**
 * Reads the small text files that options name. A pipe such as the shell's {@code <(command)} is read as well; whatever the path
 * leads to, its size is limited, and anything but a regular file has limited time, too.
 */
public final class SmallFile {
  /** The most bytes of such a file: far more than any list of keys, configuration or chat template has. */
  static final int MOST_BYTES = 1 << 20;

  private static final String BYTE_ORDER_MARK = "\uFEFF";

  /** How long a pipe or a device may take, which includes the wait for a pipe's writer. */
  private static final Duration PATIENCE = Duration.ofSeconds(30);

  private SmallFile() {}

  /** Why a file can't be read. */
  public static final class Unreadable extends IOException {
    private static final long serialVersionUID = 1L;

    private Unreadable(String reason, Throwable cause) {
      super(reason, cause);
    }

    private Unreadable(String reason) {
      super(reason);
    }
  }

  /**
   * The text of a file in UTF-8, without the byte order mark with which some editors begin it.
   *
   * @throws Unreadable if there is none; its message is a sentence part that begins with "it" or "there", names no Java class and
   *     quotes nothing of the file
   */
  public static String text(Path file) throws Unreadable {
    return text(file, PATIENCE);
  }

  static String text(Path file, Duration patience) throws Unreadable {
    if (Files.isDirectory(file)) {
      throw new Unreadable("it is a directory");
    }
    try {
      byte[] bytes = Files.isRegularFile(file) ? bytes(file) : inTime(file, patience);
      if (bytes.length > MOST_BYTES) {
        throw new Unreadable("it has more than " + (MOST_BYTES >> 20) + " MiB, the most that such a file may have");
      }
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      return text.startsWith(BYTE_ORDER_MARK) ? text.substring(1) : text;
    } catch (Unreadable known) {
      throw known;
    } catch (NoSuchFileException missing) {
      throw new Unreadable("there is no such file", missing);
    } catch (CharacterCodingException binary) {
      throw new Unreadable("it is not text in UTF-8", binary);
    } catch (IOException trouble) {
      throw new Unreadable(FileTrouble.reason(trouble), trouble);
    }
  }

  private static byte[] bytes(Path file) throws IOException {
    try (InputStream in = Files.newInputStream(file)) {
      return in.readNBytes(MOST_BYTES + 1);
    }
  }

  /** Reads what may never end, or never begin, on a thread that is left to the end of the process then. */
  private static byte[] inTime(Path file, Duration patience) throws IOException {
    CompletableFuture<byte[]> content = new CompletableFuture<>();
    Thread.ofPlatform()
        .daemon()
        .name("panallama-read")
        .start(() -> {
          try {
            content.complete(bytes(file));
          } catch (IOException | RuntimeException | Error failure) {
            content.completeExceptionally(failure);
          }
        });
    try {
      return content.get(patience.toNanos(), TimeUnit.NANOSECONDS);
    } catch (TimeoutException silent) {
      throw new Unreadable(
          "it is not a regular file, and did not come to its end within " + patience.toSeconds() + " s", silent);
    } catch (InterruptedException hurry) {
      Thread.currentThread().interrupt();
      throw new Unreadable("it was still being read when the program was told to stop", hurry);
    } catch (ExecutionException failed) {
      throw switch (failed.getCause()) {
        case IOException trouble -> trouble;
        case null, default -> new IOException(String.valueOf(failed.getCause()), failed);
      };
    }
  }
}
