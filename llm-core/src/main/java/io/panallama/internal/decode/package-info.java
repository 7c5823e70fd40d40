/**
 * The seam between policy in Java and llama.cpp. A {@link io.panallama.internal.decode.Decoder} is one context, divided into roles: {@link io.panallama.internal.decode.Batch}, {@link io.panallama.internal.decode.KvMemory}, {@link io.panallama.internal.decode.Outputs} and {@link io.panallama.internal.decode.StateStore}. The policy packages call these types and never see native memory; the native package implements them, and tests use a fake that needs no model.
 */
@NullMarked
package io.panallama.internal.decode;

import org.jspecify.annotations.NullMarked;
