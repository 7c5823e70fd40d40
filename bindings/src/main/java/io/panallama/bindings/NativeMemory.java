package io.panallama.bindings;

import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Reads of memory that llama.cpp owns. */
public final class NativeMemory {
  private NativeMemory() {}

  /**
   * The C string at an address, copied; the empty string for NULL. Bytes that are no UTF-8 become U+FFFD.
   *
   * @param pointer the address of a string that ends with NUL; a segment with a size is read no further than that
   */
  public static String string(MemorySegment pointer) {
    if (pointer.address() == 0) {
      return "";
    }
    MemorySegment text = pointer.byteSize() == 0 ? unbounded(pointer) : pointer;
    return text.getString(0, StandardCharsets.UTF_8);
  }

  @SuppressWarnings("restricted") // C gives no length; the text ends at its NUL
  private static MemorySegment unbounded(MemorySegment pointer) {
    return pointer.reinterpret(Long.MAX_VALUE);
  }
}
