package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.JAVA_INT;

import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.VarHandle;

/**
 * The flag that llama.cpp polls while it computes. Thread-safe. It lives in an automatic arena, because an abort may be requested while the context is being closed.
 */
final class AbortFlag {
  private static final VarHandle FLAG = JAVA_INT.varHandle();

  private final MemorySegment flag = Arena.ofAuto().allocate(JAVA_INT);

  /** The argument for {@code panallama_abort_requested}. The context that reads it must keep this object reachable. */
  MemorySegment pointer() {
    return flag;
  }

  boolean isSet() {
    return (int) FLAG.getVolatile(flag, 0L) != 0;
  }

  void set(boolean value) {
    FLAG.setVolatile(flag, 0L, value ? 1 : 0);
  }
}
