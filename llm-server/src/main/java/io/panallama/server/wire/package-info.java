/**
 * OpenAI's wire format, in and out: JSON bodies to core requests, and core events to JSON.
 *
 * <p>Bodies are read by hand from a tree rather than bound to classes, so that every wrong value is answered with its
 * path, what it is and what is allowed, and so that nothing a client asks for is silently ignored.
 */
@NullMarked
package io.panallama.server.wire;

import org.jspecify.annotations.NullMarked;
