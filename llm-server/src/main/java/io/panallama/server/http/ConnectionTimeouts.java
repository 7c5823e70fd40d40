package io.panallama.server.http;

import java.time.Duration;

/**
 * How long a peer may take.
 *
 * @param request from the first byte of a request to its last
 * @param idle between two requests, and for the peer to take what was written
 */
public record ConnectionTimeouts(Duration request, Duration idle) {}
