/**
 * Which prefixes the engine still has the state of: in the KV cache, in host memory and on disk. Sequences share the longest
 * prefix that is there, and what finished sequences leave is retained, spilled or evicted. The cache moves state through the
 * {@link io.panallama.internal.decode.Decoder} and knows nothing of requests or scheduling.
 */
@NullMarked
package io.panallama.internal.cache;

import org.jspecify.annotations.NullMarked;
