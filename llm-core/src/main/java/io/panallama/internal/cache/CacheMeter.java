package io.panallama.internal.cache;

/** Is told what the cache does, for the engine's statistics. Engine thread only. */
public interface CacheMeter {
  /** So many prompt tokens were found in the KV cache or restored to it. */
  void cached(int promptTokens);

  /** A prefix was restored from memory or disk. */
  void restored();

  /** The bytes of all prefixes in host memory changed. */
  void spilled(long bytes);

  /** The bytes of all prefixes on disk changed. */
  void onDisk(long bytes);
}
