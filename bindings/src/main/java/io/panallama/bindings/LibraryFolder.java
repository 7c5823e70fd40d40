package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Stream;

/** Finds the libraries in a folder without an index, such as that of the user's own build. */
final class LibraryFolder {
  /** The libraries to load, in this order: each depends only on those before it. */
  private static final List<String> COMPONENTS = List.of("ggml-base", "ggml", "llama", "llama-common", "panallama");

  /** A build may link these into the bridge. */
  private static final Set<String> OPTIONAL = Set.of("llama-common");

  private LibraryFolder() {}

  /**
   * Lists the files to load, in order.
   *
   * @throws NativeLoadException with {@link Reason#NOT_FOUND} if a library is missing or ambiguous, and in the
   *     cases of {@link ElfFile#check}
   */
  static List<Path> loadOrder(Path folder, Platform platform) {
    Platform.Os os = platform.os();
    List<Path> files;
    try (Stream<Path> entries = Files.list(folder)) {
      files = entries.sorted().toList();
    } catch (IOException e) {
      throw new NativeLoadException(
          Reason.NOT_FOUND,
          "The folder of native libraries %s (-Dpanallama.native.dir or PANALLAMA_NATIVE_DIR) cannot be read"
              .formatted(folder),
          e);
    }
    List<Path> order = new ArrayList<>();
    for (String component : COMPONENTS) {
      Set<Path> candidates = new LinkedHashSet<>();
      for (Path file : files) {
        if (os.component(file.getFileName().toString()).equals(component)) {
          candidates.add(real(file));
        }
      }
      if (candidates.size() > 1) {
        throw new NativeLoadException(
            Reason.NOT_FOUND,
            "The folder of native libraries %s has several libraries '%s': %s; keep only one"
                .formatted(folder, component, candidates));
      }
      if (candidates.isEmpty() && !OPTIONAL.contains(component)) {
        throw new NativeLoadException(
            Reason.NOT_FOUND,
            "The folder of native libraries %s (-Dpanallama.native.dir or PANALLAMA_NATIVE_DIR) has no library '%s'; needed are %s"
                .formatted(folder, component, COMPONENTS));
      }
      order.addAll(candidates);
    }
    if (os == Platform.Os.LINUX) {
      for (Path file : files) {
        // ggml loads every backend that it finds.
        String component = os.component(file.getFileName().toString());
        if (COMPONENTS.contains(component) || component.startsWith("ggml-")) {
          ElfFile.check(file, platform.arch());
        }
      }
    }
    return order;
  }

  /** Resolves symbolic links, so that the versioned names of a library count as one. */
  private static Path real(Path file) {
    try {
      return file.toRealPath();
    } catch (IOException e) {
      return file.toAbsolutePath();
    }
  }
}
