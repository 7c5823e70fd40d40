package io.panallama.server.http;

import java.time.Duration;

/**
 * How long a client may take, and how much it may send.
 *
 * @param request from the first byte of a request to its last
 * @param idle between two requests, and to read what was written
 * @param maxBodyBytes the largest body of a request
 */
public record ConnectionLimits(Duration request, Duration idle, long maxBodyBytes) {}
