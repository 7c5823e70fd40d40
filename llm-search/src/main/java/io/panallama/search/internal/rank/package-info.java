/** Rankings that become one: pure. */
@NullMarked
package io.panallama.search.internal.rank;

import org.jspecify.annotations.NullMarked;
