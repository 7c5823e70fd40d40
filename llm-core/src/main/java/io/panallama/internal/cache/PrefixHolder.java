package io.panallama.internal.cache;

/** Something whose tokens are, or are becoming, cells of the KV cache under a sequence id. */
interface PrefixHolder {
  /** The id in the KV cache. */
  int id();

  /** How many of its tokens the KV cache holds. */
  int cached();

  /** Whether it is still computing its prompt, so that waiting for it is worth while. */
  boolean isPrefilling();
}
