package io.panallama.cli.cache;

import io.panallama.cli.cache.CacheItem.Use;
import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.file.FileVisitResult;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.SimpleFileVisitor;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.BasicFileAttributes;
import java.nio.file.attribute.FileTime;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The contents of a cache folder, and which of them this version uses. */
public final class Caches {
  private static final String TEMPORARY = "left by a start or a build that was interrupted";

  /** Folders whose file {@code lock} is locked by whoever works in them. */
  private static final List<String> LOCKED = List.of("build", "models/maven");

  private final Path root;
  private final String llamaVersion;
  private final Optional<Path> natives;
  private final Path demoModel;
  private final Optional<Set<String>> packages;

  /**
   * @param root the cache folder; it need not exist
   * @param llamaVersion llama.cpp's version, with which the names of unpacked libraries begin
   * @param natives the folder of the libraries that this version loads, if that is known
   * @param demoModel the file of this version's demo model
   * @param packages the npm packages, as {@code NAME-VERSION}, that this version is built from; empty if it does not run
   *     from its sources
   */
  public Caches(
      Path root, String llamaVersion, Optional<Path> natives, Path demoModel, Optional<Set<String>> packages) {
    this.root = root;
    this.llamaVersion = llamaVersion;
    this.natives = natives;
    this.demoModel = demoModel;
    this.packages = packages;
  }

  /**
   * The packages of a {@code natives.lock}, by their names in the build's cache.
   *
   * @throws IOException if the file can't be read
   */
  public static Set<String> packages(Path lockFile) throws IOException {
    return Files.readAllLines(lockFile).stream()
        .map(line -> line.strip().split("\\s+"))
        .flatMap(words ->
            switch (words[0]) {
              case "source" -> Stream.of(words[1] + "-" + words[2]);
              case "binary" -> Stream.of(words[3] + "-" + words[4]);
              default -> Stream.empty();
            })
        .map(name -> name.replaceFirst("^@", "").replace('/', '-'))
        .collect(Collectors.toSet());
  }

  /**
   * Everything that Panallama has stored there, in the order of the folders.
   *
   * @throws IOException if a folder can't be read
   */
  public List<CacheItem> items() throws IOException {
    List<CacheItem> items = new ArrayList<>();
    items.addAll(natives());
    for (Path file : children("models")) {
      String name = fileName(file);
      if (name.startsWith("panallama-demo-")) {
        Use use = name.equals(fileName(demoModel)) ? Use.USED : Use.UNUSED;
        items.add(item(file, name.endsWith(".part") ? TEMPORARY : "the embedded demo model, as a file", use));
      }
    }
    for (Path file : children("models/maven")) {
      String name = fileName(file);
      if (name.endsWith(".gguf")) {
        items.add(item(file, "an embedding model, from panallama pull", Use.USED));
      } else if (name.startsWith("pull-") || name.endsWith(".part")) {
        items.add(item(file, TEMPORARY, Use.UNUSED));
      }
    }
    for (Path file : children("prefixes")) {
      items.add(item(file, "KV states of prefixes, from serve --cache-disk", Use.KEPT));
    }
    List<Path> trials = children("trials");
    if (!trials.isEmpty()) {
      items.add(item(root.resolve("trials"), "results of trials of models, " + trials.size() + " files", Use.USED));
    }
    items.addAll(build());
    return items;
  }

  private List<CacheItem> natives() throws IOException {
    List<Path> folders = children("natives").stream().filter(Files::isDirectory).toList();
    // The libraries of another backend are used as well. Which ones is unknown, so the newest count as used.
    Map<String, Path> newest = newest(folders, folder -> fileName(folder).replaceFirst("-[0-9a-f]+$", ""));
    natives.ifPresent(current -> newest.put(fileName(current).replaceFirst("-[0-9a-f]+$", ""), current));
    List<CacheItem> items = new ArrayList<>();
    for (Path folder : folders) {
      String name = fileName(folder);
      if (name.startsWith(".tmp-")) {
        items.add(item(folder, TEMPORARY, Use.UNUSED));
      } else if (Files.exists(folder.resolve("index.txt"))) {
        boolean used =
            name.startsWith(llamaVersion + "-")
                && newest.values().stream().anyMatch(current -> fileName(current).equals(name));
        items.add(item(folder, "llama.cpp's libraries, unpacked", used ? Use.USED : Use.UNUSED));
      }
    }
    return items;
  }

  private List<CacheItem> build() throws IOException {
    List<CacheItem> items = new ArrayList<>();
    Set<String> unpacked = children("build/packages").stream().map(Caches::fileName).collect(Collectors.toSet());
    for (Path file : children("build/tarballs")) {
      boolean done = unpacked.contains(fileName(file).replaceFirst("\\.tgz$", ""));
      items.add(
          item(file, "a fetched package of llama.cpp" + (done ? ", unpacked since" : ""), packageUse(file, done)));
    }
    for (Path folder : children("build/packages")) {
      items.add(item(folder, "a package of llama.cpp, for builds", packageUse(folder, false)));
    }
    for (Path folder : children("build/source")) {
      items.add(item(folder, "llama.cpp's source, for builds", packageUse(folder, false)));
    }
    List<Path> bridges = children("build/bridge");
    Path newest = newest(bridges, _ -> "").get("");
    for (Path folder : bridges) {
      items.add(item(folder, "the compiled bridge, for builds", folder.equals(newest) ? Use.USED : Use.UNUSED));
    }
    for (Path file : children("build/tmp")) {
      items.add(item(file, TEMPORARY, Use.UNUSED));
    }
    return items;
  }

  private Use packageUse(Path file, boolean unneeded) {
    if (unneeded) {
      return Use.UNUSED;
    }
    return packages
        .map(known -> known.stream().anyMatch(name -> fileName(file).startsWith(name + "-")) ? Use.USED : Use.UNUSED)
        .orElse(Use.KEPT);
  }

  private static Map<String, Path> newest(List<Path> files, Function<Path, String> kind) throws IOException {
    Map<String, Path> newest = new HashMap<>();
    Map<Path, FileTime> times = new HashMap<>();
    for (Path file : files) {
      times.put(file, Files.getLastModifiedTime(file));
    }
    files.stream()
        .sorted(Comparator.comparing(file -> times.getOrDefault(file, FileTime.fromMillis(0))))
        .forEach(file -> newest.put(kind.apply(file), file));
    return newest;
  }

  /**
   * Removes items. Those of a build stay while one is running, and so do those of a model that is fetched.
   *
   * @return what was removed
   * @throws IOException if something can't be removed
   */
  public List<CacheItem> remove(List<CacheItem> items) throws IOException {
    List<CacheItem> removed = new ArrayList<>();
    List<CacheItem> rest = new ArrayList<>(items);
    for (String folder : LOCKED) {
      List<CacheItem> locked = rest.stream().filter(item -> item.name().startsWith(folder + "/")).toList();
      rest.removeAll(locked);
      if (!locked.isEmpty()) {
        Path lockFile = root.resolve(folder).resolve("lock");
        try (FileChannel channel = FileChannel.open(lockFile, StandardOpenOption.CREATE, StandardOpenOption.WRITE);
            FileLock lock = channel.tryLock()) {
          if (lock != null) {
            removed.addAll(delete(locked));
          }
        }
      }
    }
    removed.addAll(delete(rest));
    return removed;
  }

  private static List<CacheItem> delete(List<CacheItem> items) throws IOException {
    for (CacheItem item : items) {
      delete(item.path());
    }
    return items;
  }

  private List<Path> children(String folder) throws IOException {
    try (Stream<Path> files = Files.list(root.resolve(folder))) {
      return files.sorted().toList();
    } catch (NoSuchFileException none) {
      return List.of();
    }
  }

  private CacheItem item(Path path, String purpose, Use use) throws IOException {
    String name = root.relativize(path).toString().replace('\\', '/');
    return new CacheItem(path, name, size(path), purpose, use);
  }

  private static long size(Path path) throws IOException {
    long[] bytes = new long[1];
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) {
            bytes[0] += attributes.size();
            return FileVisitResult.CONTINUE;
          }
        });
    return bytes[0];
  }

  private static void delete(Path path) throws IOException {
    Files.walkFileTree(
        path,
        new SimpleFileVisitor<>() {
          @Override
          public FileVisitResult visitFile(Path file, BasicFileAttributes attributes) throws IOException {
            Files.delete(file);
            return FileVisitResult.CONTINUE;
          }

          @Override
          public FileVisitResult postVisitDirectory(Path folder, @Nullable IOException failure) throws IOException {
            if (failure != null) {
              throw failure;
            }
            Files.delete(folder);
            return FileVisitResult.CONTINUE;
          }
        });
  }

  private static String fileName(Path path) {
    return String.valueOf(path.getFileName());
  }
}
