/**
 * The seam between the server and the API dialects that it speaks.
 *
 * <p>A {@link io.panallama.server.dialect.Dialect} is a package of its own that contributes routes: a {@link
 * io.panallama.server.dialect.BodyReader} turns a body into a {@link io.panallama.server.dialect.Call}, an {@link
 * io.panallama.server.dialect.EventWriter} turns the events of its generations into frames, and an {@link
 * io.panallama.server.dialect.ErrorWriter} writes what went wrong. The types here know neither HTTP connections nor any
 * dialect, and dialects do not know one another; the fields that several of them share are in {@link
 * io.panallama.server.dialect.fields}. To add a dialect, write its package and add it to the list in {@code ChatServer}.
 */
@NullMarked
package io.panallama.server.dialect;

import org.jspecify.annotations.NullMarked;
