/** Embedding texts: who is computed next, and the thread that computes. Pure, over the seam. */
@NullMarked
package io.panallama.internal.embed;

import org.jspecify.annotations.NullMarked;
