package io.panallama.server.http;

import java.time.Duration;

/**
 * How many clients there may be, how long each may take, and how much it may send.
 *
 * @param connections open at the same time
 * @param request from the first byte of a request to its last
 * @param idle between two requests
 * @param write without reading what was written
 */
public record ConnectionLimits(int connections, Duration request, Duration idle, Duration write) {}
