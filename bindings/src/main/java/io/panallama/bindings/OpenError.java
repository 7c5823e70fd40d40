package io.panallama.bindings;

import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.foreign.ValueLayout;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Why the operating system refuses a library. {@link SymbolLookup#libraryLookup(Path, Arena)} says only that it does, so
 * the library is opened once more, by {@code dlopen} itself.
 */
final class OpenError {
  private static final int RTLD_LAZY = 1;
  private static final String UNKNOWN = "the operating system gives no reason";

  private OpenError() {}

  /** The reason in the words of the operating system, where there is a {@code dlerror}. */
  static String of(Path file) {
    Linker linker = Linker.nativeLinker();
    SymbolLookup system = linker.defaultLookup();
    Optional<MemorySegment> open = system.find("dlopen");
    Optional<MemorySegment> error = system.find("dlerror");
    if (open.isEmpty() || error.isEmpty()) {
      return UNKNOWN;
    }
    return reason(linker, open.get(), error.get(), file);
  }

  @SuppressWarnings("restricted")
  private static String reason(Linker linker, MemorySegment open, MemorySegment error, Path file) {
    FunctionDescriptor openType = FunctionDescriptor.of(ValueLayout.ADDRESS, ValueLayout.ADDRESS, ValueLayout.JAVA_INT);
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment path = arena.allocateFrom(file.toString());
      MemorySegment _ = (MemorySegment) linker.downcallHandle(open, openType).invokeExact(path, RTLD_LAZY);
      MemorySegment text =
          (MemorySegment) linker.downcallHandle(error, FunctionDescriptor.of(ValueLayout.ADDRESS)).invokeExact();
      return text.equals(MemorySegment.NULL) ? UNKNOWN : text.reinterpret(Long.MAX_VALUE).getString(0);
    } catch (RuntimeException | Error e) {
      throw e;
    } catch (Throwable e) {
      throw new AssertionError("a downcall throws nothing that is checked", e);
    }
  }
}
