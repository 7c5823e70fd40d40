/**
 * Owners of native memory: each class owns one native pointer and frees it once. They turn llama.cpp's return values
 * into typed results on the first Java line after the call, and check every argument that llama.cpp would only assert.
 */
@NullMarked
package io.panallama.internal.llama;

import org.jspecify.annotations.NullMarked;
