/** Files as texts with sections, and texts as passages. */
@NullMarked
package io.panallama.search.internal.text;

import org.jspecify.annotations.NullMarked;
