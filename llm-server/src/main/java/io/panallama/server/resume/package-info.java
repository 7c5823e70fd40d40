/**
 * Streams that outlive their connections: a client that comes back gets the events behind the last one that it has.
 *
 * <p>A {@link io.panallama.server.resume.ResumableStream} keeps the events of one answer, and makes the generation wait while nobody takes
 * them; {@link io.panallama.server.resume.ResumableStreams} finds streams by their ids, bounds what all of them take, and ends those whose
 * client stays away. Nothing here knows of connections.
 */
@NullMarked
package io.panallama.server.resume;

import org.jspecify.annotations.NullMarked;
