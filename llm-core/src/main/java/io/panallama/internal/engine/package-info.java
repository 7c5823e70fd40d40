/**
 * The engine's policy in pure Java: what to decode next, when a generation ends, and how its text reaches the reader.
 * Nothing here knows of native memory; {@link io.panallama.internal.engine.Decoder} is the seam.
 */
@NullMarked
package io.panallama.internal.engine;

import org.jspecify.annotations.NullMarked;
