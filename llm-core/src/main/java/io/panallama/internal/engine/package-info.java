/**
 * The engine: a front that any thread may call, and the loop of the one thread that owns the decoder. The loop admits sequences, computes steps, and publishes tokens to the readers' mailboxes. Scheduling, prefix caching and streaming are packages of their own below this one; native memory is behind {@link io.panallama.internal.decode.Decoder}.
 */
@NullMarked
package io.panallama.internal.engine;

import org.jspecify.annotations.NullMarked;
