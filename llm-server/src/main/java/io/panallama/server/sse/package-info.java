/** Server-sent events, as framed by the WHATWG HTML standard, section 9.2. */
@NullMarked
package io.panallama.server.sse;

import org.jspecify.annotations.NullMarked;
