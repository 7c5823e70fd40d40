/**
 * The prefix cache: which prefixes have a state in the KV cache, in host memory or on disk. Sequences share the longest available prefix, and the prefixes of finished sequences are retained, spilled or evicted. The cache moves state through the {@link io.panallama.internal.decode.Decoder} and knows nothing of requests or scheduling.
 */
@NullMarked
package io.panallama.internal.cache;

import org.jspecify.annotations.NullMarked;
