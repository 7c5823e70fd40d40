package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** A set of libraries in a jar: its index and its files. */
final class PackagedLibraries {
  private final String folder;
  private final byte[] indexBytes;
  private final LibraryIndex index;
  private final Resources resources;

  private PackagedLibraries(String folder, byte[] indexBytes, LibraryIndex index, Resources resources) {
    this.folder = folder;
    this.indexBytes = indexBytes;
    this.index = index;
    this.resources = resources;
  }

  /** Opens a resource of any jar by its path; null if there is none. */
  @FunctionalInterface
  interface Resources {
    @Nullable InputStream open(String path) throws IOException;
  }

  /** The folder of a set in its jar, such as {@code META-INF/native/linux-x64-cuda}. */
  static String folder(Platform platform, Backend backend) {
    return "META-INF/native/" + platform.id() + (backend == Backend.CUDA ? "-cuda" : "");
  }

  /**
   * The set for a platform and backend, or empty when no jar has one.
   *
   * @throws NativeLoadException with {@link Reason#CORRUPT} if its index cannot be read, and with {@link
   *     Reason#WRONG_PLATFORM} if it is made for something else than its folder says
   */
  static Optional<PackagedLibraries> find(Resources resources, Platform platform, Backend backend) {
    String folder = folder(platform, backend);
    String path = folder + "/index.txt";
    byte[] bytes;
    try (InputStream in = resources.open(path)) {
      if (in == null) {
        return Optional.empty();
      }
      bytes = in.readAllBytes();
    } catch (IOException e) {
      throw new NativeLoadException(Reason.CORRUPT, "The resource " + path + " cannot be read", e);
    }
    LibraryIndex index = LibraryIndex.parse(new String(bytes, StandardCharsets.UTF_8), path);
    if (!index.platform().equals(platform.id()) || index.backend() != backend) {
      throw new NativeLoadException(
          Reason.WRONG_PLATFORM,
          "%s is for %s (%s), not for %s (%s); the jar of the native libraries is wrongly built"
              .formatted(path, index.platform(), index.backend(), platform.id(), backend));
    }
    return Optional.of(new PackagedLibraries(folder, bytes, index, resources));
  }

  LibraryIndex index() {
    return index;
  }

  byte[] indexBytes() {
    return indexBytes.clone();
  }

  /** The name of the set in messages. */
  String origin() {
    return "the packaged folder " + folder;
  }

  /**
   * Opens a file of the set.
   *
   * @throws NativeLoadException with {@link Reason#CORRUPT} if it is missing
   */
  InputStream open(String name) throws IOException {
    InputStream in = resources.open(folder + "/" + name);
    if (in == null) {
      throw new NativeLoadException(
          Reason.CORRUPT, "The resource %s/%s is in the index but not in the jar".formatted(folder, name));
    }
    return in;
  }

  /** The name of the folder it is unpacked to; another one for any change of any file. */
  String cacheName() {
    String hash = HexFormat.of().formatHex(sha256().digest(indexBytes)).substring(0, 16);
    String backend = index.backend() == Backend.CPU ? "" : "-" + index.backend().name().toLowerCase(Locale.ROOT);
    return index.llamaVersion() + "-" + index.platform() + backend + "-" + hash;
  }

  static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new AssertionError("every Java platform has SHA-256", e);
    }
  }
}
