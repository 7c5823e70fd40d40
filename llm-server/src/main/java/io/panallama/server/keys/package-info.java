/**
 * The keys of a server's users: the file that holds them, what each may do, and how much of it. Pure but for {@link
 * io.panallama.server.keys.KeyFile} and {@link io.panallama.server.keys.WatchedKeys}, which read the file; nothing here knows HTTP.
 *
 * <p>Limits and counters are kept in memory: they begin anew with each start of a server, and each server has its own.
 */
@NullMarked
package io.panallama.server.keys;

import org.jspecify.annotations.NullMarked;
