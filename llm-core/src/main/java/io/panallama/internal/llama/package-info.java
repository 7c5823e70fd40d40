/**
 * Owners of native memory: each class owns one native pointer and frees it once. {@code Owned} frees in the reverse order of opening, even when a factory fails half way. {@code NativeDecoder} implements the seam {@link io.panallama.internal.decode} on a {@code LlamaContext}; {@code ContextParams}, {@code ModelParams} and {@code ThreadPoolParams} marshal configurations into structs. The classes turn llama.cpp's return values into typed results on the first Java line after the call, and check every argument that llama.cpp would only assert.
 */
@NullMarked
package io.panallama.internal.llama;

import org.jspecify.annotations.NullMarked;
