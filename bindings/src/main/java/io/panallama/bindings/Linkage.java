package io.panallama.bindings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the loader asks of the operating system and of the loaded libraries. The real one cannot be undone and works
 * once per process; tests use another.
 */
interface Linkage {
  /** Whether the operating system finds and opens a shared library of this name. */
  boolean opens(String libraryName);

  /**
   * Opens a library together with what it depends on, and closes it again. What went wrong, or empty. After a failure
   * nothing is left in the process.
   */
  Optional<String> trial(Path file);

  /**
   * Loads a file for the rest of the process.
   *
   * @throws NativeLoadException with {@link NativeLoadException.Reason#LOAD_FAILED}
   */
  void load(Path file);

  /** Whether a loaded library has this function. */
  boolean resolves(String function);

  /** The bridge's number of its interface. */
  int bridgeVersion();

  /** The llama.cpp version that the bridge was compiled against. */
  String bridgeLlamaVersion();

  /** The version that llama.cpp itself reports. */
  String llamaVersion();

  /** The bridge's table of layouts. */
  List<StructLayouts.Row> layouts();

  /**
   * Lets ggml load its backends from a folder and initialises llama.cpp.
   *
   * @throws NativeLoadException with {@link NativeLoadException.Reason#LOAD_FAILED} if there is no CPU backend then
   */
  void start(Path folder);

  /** After {@link #start}: why nothing can be computed with CUDA, or empty when it can. */
  Optional<String> cudaObstacle();
}
