package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.prepare.Interruption;
import java.lang.foreign.MemorySegment;
import java.util.concurrent.CancellationException;
import org.jspecify.annotations.Nullable;

/**
 * Ends native calls of a thread early: rendering, tokenizing, and compiling grammars. The owners of those calls ask
 * {@link #check} about a call that has failed. Only for platform threads, because a virtual one may change its carrier.
 */
public final class NativeInterruption implements Interruption {
  private static final ThreadLocal<NativeInterruption> CURRENT = new ThreadLocal<>();

  private final AbortFlag flag = new AbortFlag();

  /** The libraries must have been loaded. */
  public NativeInterruption() {}

  @Override
  public void during(Runnable work) {
    NativeInterruption before = CURRENT.get();
    enter(this);
    try {
      work.run();
    } finally {
      enter(before);
    }
  }

  private static void enter(@Nullable NativeInterruption next) {
    if (next == null) {
      CURRENT.remove();
      LlamaCpp.panallama_cancel_by(MemorySegment.NULL);
    } else {
      CURRENT.set(next);
      LlamaCpp.panallama_cancel_by(next.flag.pointer());
    }
  }

  @Override
  public void request() {
    flag.set(true);
  }

  /**
   * For work in Java that is done in place of a native call.
   *
   * @throws CancellationException if the work of this thread is to end
   */
  static void checkpoint() {
    NativeInterruption current = CURRENT.get();
    if (current != null && current.flag.isSet()) {
      throw cancelled();
    }
  }

  private static CancellationException cancelled() {
    return new CancellationException("no one waits for this any more");
  }

  /**
   * Tells a call that was ended from one that has failed.
   *
   * @param status what the call returned
   * @param error what it said, which is freed if it was ended
   * @throws CancellationException if the work of this thread is to end
   */
  static void check(int status, ErrorText error) {
    NativeInterruption current = CURRENT.get();
    if (status != LlamaCpp.PANALLAMA_OK() && current != null && current.flag.isSet()) {
      error.take();
      throw cancelled();
    }
  }
}
