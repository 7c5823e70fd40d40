package io.panallama.config;

/**
 * Whether a model file is tried in a process of its own before it is loaded. llama.cpp ends its process on some files
 * that no check in front of it recognises; a trial loads the file, plans its graphs and, for models up to 256 MiB,
 * computes a few steps, so that such a file ends the trial and is refused.
 */
public enum Trial {
  /**
   * Before the first use of a file; the result is remembered in the cache folder. Where the trial can't be started, such
   * as in a cache folder mounted {@code noexec}, the model is loaded without it and a warning is logged once. The default.
   */
  AUTO,
  /** Before each load, whatever is remembered; a model that can't be tried is refused. */
  ALWAYS,
  /** Never. A file that llama.cpp can't handle may end this process. */
  NEVER
}
