package io.panallama.search.internal.text;

import io.panallama.platform.FileTrouble;
import java.io.IOException;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NotDirectoryException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.attribute.BasicFileAttributes;
import java.util.ArrayList;
import java.util.List;
import java.util.function.BiConsumer;
import java.util.function.BooleanSupplier;
import java.util.function.Predicate;

/**
 * The files of a folder and its subfolders, without those whose names begin with a dot. Links to folders are not followed.
 *
 * @param root the folder's real path
 * @param files those of a wanted kind, sorted
 * @param ignored the number of the others
 * @param unreadable the number of files and folders that could not be looked at
 */
public record FolderFiles(Path root, List<Path> files, int ignored, int unreadable) {
  /**
   * Lists a folder.
   *
   * @param wanted the files to list
   * @param failed is told what can't be looked at
   * @param stopped is asked at each file; if it is true, the rest is left out
   * @throws IOException if the folder itself can't be listed
   */
  public static FolderFiles in(
      Path folder, Predicate<Path> wanted, BiConsumer<Path, String> failed, BooleanSupplier stopped)
      throws IOException {
    Path root = folder.toRealPath();
    if (!Files.isDirectory(root)) {
      throw new NotDirectoryException(root.toString());
    }
    Visitor visitor = new Visitor(root, wanted, failed, stopped);
    Files.walkFileTree(root, visitor);
    visitor.files.sort(null);
    return new FolderFiles(root, List.copyOf(visitor.files), visitor.ignored, visitor.unreadable);
  }

  private static final class Visitor extends SimpleFileVisitor<Path> {
    private final Path root;
    private final Predicate<Path> wanted;
    private final BiConsumer<Path, String> failed;
    private final BooleanSupplier stopped;
    private final List<Path> files = new ArrayList<>();
    private int ignored;
    private int unreadable;

    Visitor(Path root, Predicate<Path> wanted, BiConsumer<Path, String> failed, BooleanSupplier stopped) {
      this.root = root;
      this.wanted = wanted;
      this.failed = failed;
      this.stopped = stopped;
    }

    private boolean isHidden(Path path) {
      return !path.equals(root) && String.valueOf(path.getFileName()).startsWith(".");
    }

    @Override
    public FileVisitResult preVisitDirectory(Path directory, BasicFileAttributes attributes) {
      return isHidden(directory) ? FileVisitResult.SKIP_SUBTREE : FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
      if (stopped.getAsBoolean()) {
        return FileVisitResult.TERMINATE;
      }
      if (!isHidden(file)) {
        if (wanted.test(file) && Files.isRegularFile(file)) {
          files.add(file);
        } else {
          ignored++;
        }
      }
      return FileVisitResult.CONTINUE;
    }

    @Override
    public FileVisitResult visitFileFailed(Path file, IOException failure) throws IOException {
      if (file.equals(root)) {
        throw failure;
      }
      unreadable++;
      failed.accept(file, FileNames.shown(file) + ": it can't be read: " + FileTrouble.reason(failure));
      return FileVisitResult.CONTINUE;
    }
  }
}
