package io.panallama.internal.cache;

/** A holder of tokens that are, or are becoming, cells of the KV cache under a sequence id. */
interface PrefixHolder {
  /** Its sequence id in the KV cache. */
  int id();

  /** How many of its tokens are in the KV cache. */
  int cached();

  /** Whether it is still computing its prompt, so that waiting for it is worthwhile. */
  boolean isPrefilling();
}
