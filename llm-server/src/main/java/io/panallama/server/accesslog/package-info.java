/** The access log: a line of JSON for each request. Loaded only if the server is to have one. */
@NullMarked
package io.panallama.server.accesslog;

import org.jspecify.annotations.NullMarked;
