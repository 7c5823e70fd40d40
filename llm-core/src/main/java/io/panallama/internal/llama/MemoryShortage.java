package io.panallama.internal.llama;

import io.panallama.error.GenerationException;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import org.jspecify.annotations.Nullable;

/** Says of an {@link OutOfMemoryError} which memory ran out, how much there is, and what helps. */
public final class MemoryShortage {
  private static final System.Logger LOG = System.getLogger("io.panallama.engine");

  /** Begins the messages of errors that the owners of native memory throw. */
  private static final String NATIVE = "There is no native memory for ";

  /** The least time between two collections for native memory, in nanoseconds. */
  private static final long PAUSE = TimeUnit.SECONDS.toNanos(5);

  private static final AtomicLong NEXT_COLLECTION = new AtomicLong(System.nanoTime());

  private static final String LESS = " Send a smaller request, or fewer at once";

  private MemoryShortage() {}

  /**
   * An error of native memory. Where the memory of this process is limited, a collection first makes the Java heap give back what a
   * burst of requests has made it take, so that the next request finds more.
   *
   * @param what needs it, such as "the chat template"
   */
  public static OutOfMemoryError ofNative(String what) {
    long next = NEXT_COLLECTION.get();
    long now = System.nanoTime();
    if (SystemMemory.limit().isPresent() && now - next >= 0 && NEXT_COLLECTION.compareAndSet(next, now + PAUSE)) {
      System.gc();
    }
    return new OutOfMemoryError(NATIVE + what + ".");
  }

  /** The failure of a request. The engine goes on, so it is logged here. */
  public static GenerationException of(OutOfMemoryError none) {
    String message = message(none.getMessage(), SystemMemory.limit(), Runtime.getRuntime().maxMemory());
    LOG.log(System.Logger.Level.WARNING, "A request was refused: {0}", message);
    return new GenerationException(GenerationException.Reason.OUT_OF_MEMORY, message, none);
  }

  /**
   * @param said what the error says
   * @param limit what this process may allocate besides mapped files, if that is limited
   * @param heap the largest size of the Java heap, in bytes
   */
  static String message(@Nullable String said, OptionalLong limit, long heap) {
    String why = said == null ? "" : said;
    boolean ours = why.startsWith(NATIVE);
    boolean thread = why.contains("native thread");
    if (!ours && !thread && !why.contains("direct buffer")) {
      return "The Java heap, "
          + SystemMemory.text(heap)
          + " at most, ran out of memory for this request."
          + LESS
          + ", or start the JVM with a larger heap (-Xmx).";
    }
    String what = ours ? why.substring(NATIVE.length(), why.length() - 1) : thread ? "another thread" : "a buffer";
    if (limit.isPresent()) {
      return "memoryBytes limits the engine's process to "
          + SystemMemory.text(limit.getAsLong())
          + " besides the mapped model, which was too little for "
          + what
          + "."
          + LESS
          + ", or raise memoryBytes: a process needs about 800 MiB for itself, most of it for the stacks of chat"
          + " templates and grammars, and KV cache and compute buffers besides; 0 sets no limit.";
    }
    return "This machine has no native memory left for "
        + what
        + "; "
        + SystemMemory.text(SystemMemory.availableBytes())
        + " are available."
        + LESS
        + ", or raise the limit of the container or of the user (ulimit -v, -u).";
  }
}
