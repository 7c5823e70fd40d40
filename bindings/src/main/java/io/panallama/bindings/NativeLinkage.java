package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.LoadedLibraries;
import io.panallama.bindings.generated.panallama_layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * The operating system's linker and the real libraries.
 *
 * <p>Libraries are opened with {@link SymbolLookup#libraryLookup(Path, Arena)} in the global arena, and not with {@link
 * System#load}: that binds a library to one class loader, and every other one in the process (a redeployed application,
 * a second plug-in) would be refused. Opened this way, each class loader gets the addresses of the same libraries, which
 * the operating system loads once.
 */
final class NativeLinkage implements Linkage {
  @Override
  @SuppressWarnings("restricted")
  public boolean opens(String libraryName) {
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(libraryName, arena);
      return true;
    } catch (IllegalArgumentException e) {
      return false;
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public Optional<String> trial(Path file) {
    // Dependencies are found through the library's own RUNPATH. They must not be opened one by one: a library with
    // unique C++ symbols stays after dlclose, but dlopen takes back all that it opened when one of them fails.
    try (Arena arena = Arena.ofConfined()) {
      SymbolLookup.libraryLookup(file, arena);
      return Optional.empty();
    } catch (IllegalArgumentException e) {
      return Optional.of("%s cannot be opened: %s".formatted(file, OpenError.of(file)));
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public void load(Path file) {
    try {
      SymbolLookup library = SymbolLookup.libraryLookup(file, Arena.global());
      LoadedLibraries.set(library.or(LoadedLibraries::find));
    } catch (IllegalArgumentException e) {
      String reason = OpenError.of(file);
      throw new NativeLoadException(
          Reason.LOAD_FAILED, "%s cannot be loaded: %s%s".formatted(file, reason, hint(reason)), e);
    }
  }

  @Override
  public boolean resolves(String function) {
    return LoadedLibraries.find(function).isPresent();
  }

  @Override
  public int bridgeVersion() {
    return LlamaCpp.panallama_bridge_version();
  }

  @Override
  public String bridgeLlamaVersion() {
    return LlamaCpp.panallama_llama_version().getString(0);
  }

  @Override
  public String llamaVersion() {
    return LlamaCpp.llama_version().getString(0);
  }

  @Override
  public List<StructLayouts.Row> layouts() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(ValueLayout.JAVA_INT);
      MemorySegment table = LlamaCpp.panallama_layouts(count);
      int rows = count.get(ValueLayout.JAVA_INT, 0);
      List<StructLayouts.Row> layouts = new ArrayList<>(rows);
      for (int i = 0; i < rows; i++) {
        MemorySegment row = panallama_layout.asSlice(table, i);
        layouts.add(
            new StructLayouts.Row(
                panallama_layout.struct_name(row).getString(0),
                panallama_layout.field_name(row).getString(0),
                panallama_layout.offset(row),
                panallama_layout.size(row)));
      }
      return layouts;
    }
  }

  @Override
  public void start(Path folder) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment error = arena.allocate(ValueLayout.ADDRESS);
      // Always with the folder: without it ggml searches beside the java executable and in the working directory.
      int status = LlamaCpp.panallama_backends_load(arena.allocateFrom(folder.toString()), error);
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new NativeLoadException(
            Reason.LOAD_FAILED,
            "The backends in %s cannot be used: %s; the folder should hold libggml-cpu-* files"
                .formatted(folder, take(error)));
      }
    }
  }

  @Override
  public Optional<String> cudaObstacle() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cuda = LlamaCpp.ggml_backend_reg_by_name(arena.allocateFrom("CUDA"));
      if (cuda.equals(MemorySegment.NULL)) {
        return Optional.of("ggml loaded no CUDA library");
      }
      return LlamaCpp.ggml_backend_reg_dev_count(cuda) == 0
          ? Optional.of("CUDA found no usable GPU")
          : Optional.empty();
    }
  }

  /** The text of a failed call of the bridge, which is freed. */
  @SuppressWarnings("restricted")
  private static String take(MemorySegment error) {
    MemorySegment text = error.get(ValueLayout.ADDRESS, 0);
    if (text.equals(MemorySegment.NULL)) {
      return "out of memory";
    }
    String result = text.reinterpret(Long.MAX_VALUE).getString(0);
    LlamaCpp.panallama_text_free(text);
    return result;
  }

  private static String hint(String reason) {
    return reason.contains("GLIBC") || reason.contains("CXXABI")
        ? "; the packaged libraries need the C and C++ runtime of Ubuntu 22.04 or Debian 12, or newer"
        : "";
  }
}
