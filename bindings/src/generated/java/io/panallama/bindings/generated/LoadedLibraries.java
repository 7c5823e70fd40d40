// Copied from bindings/jextract by generate.sh, beside what jextract generates.

package io.panallama.bindings.generated;

import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.util.Optional;

/**
 * Where the generated code finds the addresses of its functions: the libraries that {@code
 * io.panallama.bindings.NativeLibraries} loaded for this class loader. Only that class calls {@link #set}.
 */
public final class LoadedLibraries {
  private static volatile SymbolLookup current = name -> Optional.empty();

  private LoadedLibraries() {}

  /** Makes the functions of the loaded libraries known. */
  public static void set(SymbolLookup libraries) {
    current = libraries;
  }

  /** The address of a function, or empty if no loaded library has it. */
  public static Optional<MemorySegment> find(String name) {
    return current.find(name);
  }
}
