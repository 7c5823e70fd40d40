/** Tries a model file in a process of its own before this process loads it. */
@NullMarked
package io.panallama.internal.trial;

import org.jspecify.annotations.NullMarked;
