/**
 * HTTP: connections, frames, filters and routes.
 *
 * <p>A connection ({@link io.panallama.server.http.WatchedConnections}) notices at once when its client leaves and enforces the
 * time-outs that Helidon's lacks. {@link io.panallama.server.http.Routes} sends each request through the filters to the dialect
 * that owns its path, leases an engine for it, and writes what the dialect makes of the events as server-sent events or lines of
 * JSON. Everything that fails ends in {@link io.panallama.server.http.ErrorBoundary}, which answers in that dialect's shape.
 */
@NullMarked
package io.panallama.server.http;

import org.jspecify.annotations.NullMarked;
