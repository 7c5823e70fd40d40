package io.panallama.config;

/**
 * Whether a model file is tried in a process of its own before it is loaded. llama.cpp ends its process on some files
 * that no check in front of it recognises; a trial loads the file, plans its graphs and, for models up to 256 MiB,
 * computes a few steps, so that such a file ends the trial and is refused.
 */
public enum Trial {
  /** Before the first use of a file; the result is remembered in the cache folder. The default. */
  AUTO,
  /** Before each load, whatever is remembered. */
  ALWAYS,
  /** Never. A file that llama.cpp can't handle may end this process. */
  NEVER
}
