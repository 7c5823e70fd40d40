/**
 * The seam between policy in Java and llama.cpp: what a context, its samplers and copies of its state must offer. The policy
 * packages call these types and never see native memory; the native package implements them. Tests implement them with a
 * fake that needs no model.
 */
@NullMarked
package io.panallama.internal.decode;

import org.jspecify.annotations.NullMarked;
