/**
 * The connection under a request: who is at the other end, is he still there, and how long may he take. Wraps Helidon's
 * HTTP/1.1 connection, which answers none of that.
 */
@NullMarked
package io.panallama.server.net;

import org.jspecify.annotations.NullMarked;
