package io.panallama;

import io.panallama.config.NumaStrategy;
import io.panallama.error.NativeLibraryException;
import io.panallama.internal.llama.Natives;
import io.panallama.observe.Device;
import io.panallama.observe.NativeReport;
import java.util.List;

/**
 * The process's llama.cpp: its libraries, loaded once and for good, and the devices it can compute on.
 *
 * <p>Nothing needs to be called before {@link Model#load}, which loads the libraries itself. Thread-safe.
 *
 * <p>System properties, read when the libraries are loaded: {@code panallama.backend} ({@code auto}, {@code cpu} or
 * {@code cuda}), {@code panallama.native.dir} (a folder with a build of your own), {@code panallama.cache.dir} (where
 * packaged libraries are unpacked). llama.cpp's log goes to the {@link System.Logger} {@code io.panallama.llama.cpp}, each
 * line one level below llama.cpp's own: errors at {@code WARNING}, warnings at {@code INFO}, the rest at {@code DEBUG} and
 * {@code TRACE}.
 */
public final class NativeRuntime {
  private NativeRuntime() {}

  /**
   * The libraries of this process, loaded now if they were not.
   *
   * @throws NativeLibraryException if they can't be found or used; every later call fails with the same reason
   */
  public static NativeReport natives() {
    return Natives.load();
  }

  /** The devices that ggml can compute on, with the memory that is free now. On Linux ggml calls all of a CPU's memory free. */
  public static List<Device> devices() {
    return Natives.devices();
  }

  /**
   * Lays the threads of all engines out over the nodes of a machine with non-uniform memory access (llama.cpp: {@code
   * llama_numa_init}). Call it before the first model is loaded: pages stay on the node that touched them first. On a machine
   * with one node it has no effect.
   *
   * @throws NativeLibraryException if the libraries can't be found or used
   * @throws IllegalStateException if this process uses another strategy already
   */
  public static void initializeNuma(NumaStrategy strategy) {
    Natives.initializeNuma(strategy);
  }

  /** The instruction sets and features that llama.cpp uses here, in its own words. */
  public static String systemInfo() {
    return Natives.systemInfo();
  }
}
