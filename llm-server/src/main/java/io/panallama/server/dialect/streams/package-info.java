/** The routes by which a client comes back to its stream, whatever dialect the stream is of. */
@NullMarked
package io.panallama.server.dialect.streams;

import org.jspecify.annotations.NullMarked;
