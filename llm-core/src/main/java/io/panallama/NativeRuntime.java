package io.panallama;

import io.panallama.config.NumaStrategy;
import io.panallama.error.NativeLibraryException;
import io.panallama.internal.llama.Natives;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import java.util.List;

/**
 * The process's llama.cpp: its libraries, which are loaded once and never unloaded, and the devices it can compute on.
 *
 * <p>Nothing needs to be called before {@link Model#load}, which loads the libraries itself. Thread-safe.
 *
 * <p>System properties, read when the libraries are loaded: {@code panallama.backend} ({@code auto}, {@code cpu} or
 * {@code cuda}), {@code panallama.native.dir} (a folder with your own build), {@code panallama.cache.dir} (where
 * packaged libraries are unpacked). llama.cpp's log goes to the {@link System.Logger} {@code io.panallama.llama.cpp},
 * each line one level below llama.cpp's own: errors at {@code WARNING}, warnings at {@code INFO}, the rest at
 * {@code DEBUG} and {@code TRACE}.
 */
public final class NativeRuntime {
  private NativeRuntime() {}

  /**
   * The libraries of this process, which are loaded now if necessary.
   *
   * @throws NativeLibraryException if they can't be found or used; every later call fails with the same reason
   */
  public static NativeReport natives() {
    return Natives.load();
  }

  /**
   * Does what the first model and the first answer in this process would do once: loads the libraries and links the calls
   * into them. A program that has other work to do at its start calls this on a thread of its own, and what is done by
   * then need not be waited for later. Repeating it is harmless.
   *
   * @throws NativeLibraryException if the libraries can't be found or used; every later call fails with the same reason
   */
  public static void prepare() {
    Natives.prepare();
  }

  /**
   * The devices that ggml can compute on, with their current free memory. On Linux ggml reports all of a CPU's memory
   * as free.
   */
  public static List<Device> devices() {
    return Natives.devices();
  }

  /**
   * Distributes the threads of all engines over the nodes of a machine with non-uniform memory access (llama.cpp:
   * {@code llama_numa_init}). Call it before the first model is loaded: pages stay on the node that touched them first.
   * On a machine with one node it has no effect.
   *
   * @throws NativeLibraryException if the libraries can't be found or used
   * @throws IllegalStateException if this process already uses another strategy
   */
  public static void initializeNuma(NumaStrategy strategy) {
    Natives.initializeNuma(strategy);
  }

  /** The instruction sets and features that llama.cpp uses here, as llama.cpp describes them. */
  public static String systemInfo() {
    return Natives.systemInfo();
  }
}
