package io.panallama.internal.cache;

import io.panallama.config.SessionKey;
import io.panallama.platform.CacheFolder;
import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.InvalidKeyException;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Set;
import java.util.concurrent.ThreadLocalRandom;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;
import org.jspecify.annotations.Nullable;

/**
 * The key that signs the files of images. A key in a file is read, and made if need be, when it is first needed.
 *
 * <p>Thread-safe; processes that make the same file at the same time agree on one key.
 */
public final class ImageKey {
  /** The size of a signature in bytes. */
  static final int MAC_BYTES = 32;

  private static final String ALGORITHM = "HmacSHA256";

  /** The file name of this installation's key in the cache folder. */
  private static final String FILE_NAME = "session.key";

  /** An upper bound for the size of a key file: anything longer is not a key. */
  private static final int MOST_BYTES = 4096;

  private static final String ADVICE =
      " Make its folder writable, set PANALLAMA_CACHE_DIR, or give the engine a key (EngineConfig.sessionKey).";

  private final SessionKey source;
  private volatile @Nullable SecretKeySpec key;

  private ImageKey(SessionKey source) {
    this.source = source;
  }

  public static ImageKey of(SessionKey source) {
    return new ImageKey(source);
  }

  /**
   * A new calculation of a signature, for one thread.
   *
   * @throws UnusableKeyException if the key can't be read or made
   */
  public Mac mac() throws UnusableKeyException {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(key());
      return mac;
    } catch (NoSuchAlgorithmException | InvalidKeyException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }

  private SecretKeySpec key() throws UnusableKeyException {
    SecretKeySpec known = key;
    if (known == null) {
      byte[] secret = source.secret().orElse(null);
      known = new SecretKeySpec(secret == null ? fromFile(file()) : secret, ALGORITHM);
      key = known;
    }
    return known;
  }

  private Path file() throws UnusableKeyException {
    try {
      return source.file().orElseGet(() -> CacheFolder.root().resolve(FILE_NAME));
    } catch (IllegalArgumentException notAPath) {
      throw new UnusableKeyException("The cache folder has no usable name: " + notAPath.getMessage() + ".", notAPath);
    }
  }

  private static byte[] fromFile(Path file) throws UnusableKeyException {
    try {
      byte[] secret;
      try {
        secret = read(file);
      } catch (NoSuchFileException first) {
        make(file);
        secret = read(file);
      }
      if (secret.length < SessionKey.MIN_BYTES || secret.length > MOST_BYTES) {
        throw new UnusableKeyException(
            file
                + " is not a key: its size is not "
                + SessionKey.MIN_BYTES
                + " to "
                + MOST_BYTES
                + " bytes. Delete it to have a new one made.",
            null);
      }
      return secret;
    } catch (UnusableKeyException known) {
      throw known;
    } catch (IOException failure) {
      throw new UnusableKeyException(
          "The key " + file + " can't be read or made (" + FileTrouble.reason(failure) + ")." + ADVICE, failure);
    }
  }

  private static byte[] read(Path file) throws IOException {
    // To open a pipe may take for ever.
    if (Files.exists(file) && !Files.isRegularFile(file)) {
      throw new IOException("it is not a regular file");
    }
    try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
      ByteBuffer buffer = ByteBuffer.allocate(MOST_BYTES + 1);
      while (buffer.hasRemaining() && channel.read(buffer) >= 0) {
        // Until the end of the file.
      }
      byte[] secret = new byte[buffer.position()];
      buffer.flip().get(secret);
      return secret;
    }
  }

  /** Writes a new key under a temporary name and links it to its own, unless another process was faster. */
  private static void make(Path file) throws IOException {
    Path absolute = file.toAbsolutePath();
    Path folder = absolute.getParent();
    if (folder != null) {
      Files.createDirectories(folder, OwnerOnly.directory(folder));
    }
    String unique = Long.toUnsignedString(ThreadLocalRandom.current().nextLong(), Character.MAX_RADIX);
    Path temporary = absolute.resolveSibling(absolute.getFileName() + "." + unique + ".tmp");
    byte[] secret = new byte[SessionKey.MIN_BYTES];
    new SecureRandom().nextBytes(secret);
    try {
      write(temporary, secret);
      link(temporary, absolute, secret);
    } catch (FileAlreadyExistsException faster) {
      // The key of the other process counts.
    } finally {
      Files.deleteIfExists(temporary);
    }
  }

  private static void link(Path temporary, Path file, byte[] secret) throws IOException {
    try {
      Files.createLink(file, temporary);
    } catch (FileAlreadyExistsException faster) {
      throw faster;
    } catch (UnsupportedOperationException | IOException noLinks) {
      // A file system without hard links. The file is empty for a moment; whoever reads it then is told so.
      write(file, secret);
    }
  }

  private static void write(Path file, byte[] secret) throws IOException {
    try (FileChannel channel =
        FileChannel.open(file, Set.of(StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE), OwnerOnly.file(file))) {
      ByteBuffer buffer = ByteBuffer.wrap(secret);
      while (buffer.hasRemaining()) {
        channel.write(buffer);
      }
      channel.force(true);
    }
  }
}
