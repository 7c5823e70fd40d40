/** The chat page: its files come out of the jar and are served as they are. */
@NullMarked
package io.panallama.server.page;

import org.jspecify.annotations.NullMarked;
