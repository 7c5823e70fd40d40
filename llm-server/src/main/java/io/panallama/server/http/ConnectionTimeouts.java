package io.panallama.server.http;

import java.time.Duration;

/**
 * How long a client may take.
 *
 * @param request from the first byte of a request to its last
 * @param idle between two requests, and to read what was written
 */
public record ConnectionTimeouts(Duration request, Duration idle) {}
