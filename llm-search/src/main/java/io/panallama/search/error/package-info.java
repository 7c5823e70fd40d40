/** What goes wrong in a search: {@link io.panallama.search.error.SearchException} with its reasons. */
@NullMarked
package io.panallama.search.error;

import org.jspecify.annotations.NullMarked;
