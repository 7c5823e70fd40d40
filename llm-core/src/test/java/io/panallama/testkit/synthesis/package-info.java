/** Complete tiny models of every architecture of llama.cpp, made by asking its loader what it wants. */
@NullMarked
package io.panallama.testkit.synthesis;

import org.jspecify.annotations.NullMarked;
