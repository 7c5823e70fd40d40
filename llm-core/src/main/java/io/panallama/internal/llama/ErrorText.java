package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;

import io.panallama.bindings.generated.LlamaCpp;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.util.Optional;

/** The {@code char ** error} of a bridge call. */
final class ErrorText {
  private final MemorySegment slot;

  ErrorText(Arena arena) {
    this.slot = arena.allocate(ADDRESS);
  }

  /** The argument to pass to the bridge. */
  MemorySegment slot() {
    return slot;
  }

  /** Returns and frees the text; a fallback if the bridge set none. */
  String take() {
    return takeText(slot, "llama.cpp gave no reason");
  }

  /** Reads and frees a text that the bridge allocated into {@code slot}. */
  static String takeText(MemorySegment slot, String otherwise) {
    return takeOptional(slot).orElse(otherwise);
  }

  /** Reads and frees a text, if the bridge allocated one into {@code slot}. */
  static Optional<String> takeOptional(MemorySegment slot) {
    MemorySegment text = slot.get(LlamaCpp.C_POINTER, 0);
    if (text.address() == 0) {
      return Optional.empty();
    }
    slot.set(ADDRESS, 0, MemorySegment.NULL);
    try {
      return Optional.of(text.getString(0));
    } finally {
      LlamaCpp.panallama_text_free(text);
    }
  }
}
