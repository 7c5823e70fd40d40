package io.panallama.internal.cache;

/** Receives cache events for the engine's statistics. Engine thread only. */
public interface CacheMeter {
  /** This many prompt tokens were found in the KV cache or restored to it. */
  void cached(int promptTokens);

  /** This many of the tokens of {@link #cached} were restored from host memory, or from a file. */
  void restoredTokens(int promptTokens, boolean fromDisk);

  /** A prefix was restored from memory or disk. */
  void restored();

  /** The total size of the prefixes in host memory changed to this many bytes. */
  void spilled(long bytes);

  /** The total size of the prefixes on disk changed to this many bytes. */
  void onDisk(long bytes);
}
