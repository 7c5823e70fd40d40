/**
 * HTTP: connections, frames, filters and routes.
 *
 * <p>A {@link io.panallama.server.http.Listener} accepts connections. A connection ({@link
 * io.panallama.server.http.ClientConnection}) notices at once when its client leaves, finds where requests begin and end, and enforces
 * the limits; Helidon reads heads and bodies from it and writes answers. {@link io.panallama.server.http.Routes} sends each
 * request through the filters to the dialect that owns its path, leases an engine for it, and writes what the dialect makes of the
 * events as server-sent events or lines of JSON. Everything that fails ends in {@link io.panallama.server.http.ErrorBoundary}, which answers in that dialect's shape.
 */
@NullMarked
package io.panallama.server.http;

import org.jspecify.annotations.NullMarked;
