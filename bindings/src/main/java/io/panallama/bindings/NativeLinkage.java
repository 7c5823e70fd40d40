package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.panallama_layout;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** The operating system's linker and the real libraries. */
final class NativeLinkage implements Linkage {
  private final SymbolLookup loaded = SymbolLookup.loaderLookup();

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
      return Optional.of(file + " or a library that it needs cannot be opened");
    }
  }

  @Override
  @SuppressWarnings("restricted")
  public void load(Path file) {
    try {
      // Not a SymbolLookup: generated code finds functions through the class loader that loaded the library.
      System.load(file.toString());
    } catch (UnsatisfiedLinkError e) {
      throw new NativeLoadException(
          Reason.LOAD_FAILED, "%s cannot be loaded: %s%s".formatted(file, e.getMessage(), hint(e)), e);
    }
  }

  @Override
  public boolean resolves(String function) {
    return loaded.find(function).isPresent();
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
      // Always with the folder: without it ggml searches beside the java executable and in the working directory.
      LlamaCpp.ggml_backend_load_all_from_path(arena.allocateFrom(folder.toString()));
    }
    if (LlamaCpp.ggml_backend_dev_by_type(LlamaCpp.GGML_BACKEND_DEVICE_TYPE_CPU()).equals(MemorySegment.NULL)) {
      throw new NativeLoadException(
          Reason.LOAD_FAILED,
          "ggml found no CPU library in %s that works on this machine; the folder should hold libggml-cpu-* files"
              .formatted(folder));
    }
    LlamaCpp.llama_backend_init();
  }

  @Override
  public Optional<String> cudaObstacle() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment cuda = LlamaCpp.ggml_backend_reg_by_name(arena.allocateFrom("CUDA"));
      if (cuda.equals(MemorySegment.NULL)) {
        return Optional.of("ggml loaded no CUDA library");
      }
      return LlamaCpp.ggml_backend_reg_dev_count(cuda) == 0
          ? Optional.of("CUDA found no GPU that can be used")
          : Optional.empty();
    }
  }

  private static String hint(UnsatisfiedLinkError error) {
    String message = String.valueOf(error.getMessage());
    if (message.contains("GLIBC") || message.contains("CXXABI")) {
      return "; the packaged libraries need the C and C++ runtime of Ubuntu 22.04 or Debian 12, or newer";
    }
    if (message.contains("another classloader")) {
      return "; load Panallama in one class loader per process";
    }
    return "";
  }
}
