/**
 * Where requests are prepared: rendering, tokenizing and compiling grammars are native calls, which hold the carrier of
 * a virtual thread until they return. A few platform threads do that work instead, so that slow requests delay neither
 * each other's callers nor anything else that runs on virtual threads.
 */
@NullMarked
package io.panallama.internal.prepare;

import org.jspecify.annotations.NullMarked;
