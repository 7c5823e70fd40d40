package io.panallama.bindings;

import java.nio.file.Path;
import java.util.List;
import java.util.Optional;

/**
 * What the loader needs from the operating system and from the loaded libraries. Loading real libraries cannot be undone,
 * so tests use another implementation.
 */
interface Linkage {
  /** Tells whether the operating system finds and opens a shared library of this name. */
  boolean opens(String libraryName);

  /**
   * Opens a library together with its dependencies and closes it again. Returns what went wrong, or empty. A failure leaves
   * nothing in the process.
   */
  Optional<String> trial(Path file);

  /**
   * Loads a file for the rest of the process.
   *
   * @throws NativeLoadException with {@link NativeLoadException.Reason#LOAD_FAILED}
   */
  void load(Path file);

  /** Tells whether a loaded library has this function. */
  boolean resolves(String function);

  /** The version of the bridge's interface. */
  int bridgeVersion();

  /** The llama.cpp version that the bridge was compiled against. */
  String bridgeLlamaVersion();

  /** The version that llama.cpp itself reports. */
  String llamaVersion();

  /** The bridge's table of struct layouts. */
  List<StructLayouts.Row> layouts();

  /**
   * Lets ggml load its backends from a folder, unless this process has done so before, and initialises llama.cpp.
   *
   * @throws NativeLoadException with {@link NativeLoadException.Reason#LOAD_FAILED} if that leaves no CPU backend
   */
  void start(Path folder);

  /** After {@link #start}: why CUDA cannot be used, or empty if it can. */
  Optional<String> cudaObstacle();
}
