package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BOOLEAN;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.generated.LlamaCpp;
import java.io.IOException;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.SymbolLookup;
import java.lang.invoke.MethodHandle;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** The tokenizers of the bridge and those of llama.cpp's own library, to be compared. */
@SuppressWarnings("restricted") // calls the library that the bridge is compared with
final class Tokenizers {
  /** {@code llama_tokenize} of llama.cpp's library: the bridge has its own. */
  private static final MethodHandle ORIGINAL = findOriginal();

  private Tokenizers() {}

  private static MethodHandle findOriginal() {
    Natives.load();
    Path folder = NativeLibraries.loaded().orElseThrow().directory();
    try (Stream<Path> files = Files.list(folder)) {
      Path library =
          files.filter(file -> file.getFileName().toString().startsWith("libllama.")).findFirst().orElseThrow();
      return Linker.nativeLinker()
          .downcallHandle(
              SymbolLookup.libraryLookup(library, Arena.global()).findOrThrow("llama_tokenize"),
              FunctionDescriptor.of(
                  JAVA_INT, ADDRESS, ADDRESS, JAVA_INT, ADDRESS, JAVA_INT, JAVA_BOOLEAN, JAVA_BOOLEAN));
    } catch (IOException unreadable) {
      throw new IllegalStateException(unreadable);
    }
  }

  static int[] original(ModelHandle model, byte[] text, boolean addSpecial, boolean parseSpecial) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(Math.max(1, text.length));
      MemorySegment.copy(text, 0, source, JAVA_BYTE, 0, text.length);
      int capacity = 4 * text.length + 8;
      MemorySegment tokens = arena.allocate(JAVA_INT, capacity);
      int count =
          (int)
              ORIGINAL.invokeExact(model.vocabulary(), source, text.length, tokens, capacity, addSpecial, parseSpecial);
      assertThat(count).isBetween(0, capacity);
      return tokens.asSlice(0, 4L * count).toArray(JAVA_INT);
    } catch (RuntimeException | Error failure) {
      throw failure;
    } catch (Throwable checked) {
      throw new IllegalStateException(checked);
    }
  }

  /** Null if the text is refused: llama.cpp throws or asserts on some texts, which are no UTF-8 or have special spaces. */
  static int @Nullable [] ours(ModelHandle model, byte[] text, boolean addSpecial, boolean parseSpecial) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocate(Math.max(1, text.length));
      MemorySegment.copy(text, 0, source, JAVA_BYTE, 0, text.length);
      int capacity = 4 * text.length + 8;
      MemorySegment tokens = arena.allocate(JAVA_INT, capacity);
      MemorySegment count = arena.allocate(JAVA_INT);
      ErrorText error = new ErrorText(arena);
      int status =
          LlamaCpp.panallama_tokenize(
              model.vocabulary(), source, text.length, addSpecial, parseSpecial, tokens, capacity, count, error.slot());
      if (status != LlamaCpp.PANALLAMA_OK()) {
        assertThat(error.take()).containsAnyOf("invalid codepoint", "a space next to other white space");
        return null;
      }
      return tokens.asSlice(0, 4L * count.get(JAVA_INT, 0)).toArray(JAVA_INT);
    }
  }
}
