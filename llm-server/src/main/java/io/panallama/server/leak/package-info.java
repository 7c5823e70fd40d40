/**
 * Watches for leaks: what a server and its engine's process hold beyond what their requests and caches explain, and how it grows with
 * the number of requests. {@link io.panallama.server.leak.LeakDetector} decides and is pure; {@link
 * io.panallama.server.leak.ServerProbe} measures; {@link io.panallama.server.leak.LeakWatch} does both from time to time.
 *
 * <p>Nothing here is loaded unless the server was started with {@code --metrics}.
 */
@NullMarked
package io.panallama.server.leak;

import org.jspecify.annotations.NullMarked;
