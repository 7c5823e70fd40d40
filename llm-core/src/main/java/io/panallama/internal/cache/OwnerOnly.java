package io.panallama.internal.cache;

import java.nio.file.Path;
import java.nio.file.attribute.FileAttribute;
import java.nio.file.attribute.PosixFilePermissions;

/** Permissions for files that only the owner may read: they hold the states of users' texts. Empty where unsupported (Windows). */
final class OwnerOnly {
  private OwnerOnly() {}

  static FileAttribute<?>[] file(Path where) {
    return permissions(where, "rw-------");
  }

  static FileAttribute<?>[] directory(Path where) {
    return permissions(where, "rwx------");
  }

  private static FileAttribute<?>[] permissions(Path where, String text) {
    boolean posix = where.getFileSystem().supportedFileAttributeViews().contains("posix");
    return posix
        ? new FileAttribute<?>[] {PosixFilePermissions.asFileAttribute(PosixFilePermissions.fromString(text))}
        : new FileAttribute<?>[0];
  }
}
