/**
 * What measuring needs: a {@link io.panallama.server.measure.Machine} to describe, {@link
 * io.panallama.server.measure.Requests} that give the same work every time, a {@link io.panallama.server.measure.Reader}
 * that notes when tokens come, and the {@link io.panallama.server.measure.Spread} of what was found. Used by {@code
 * panallama bench} and by the programs of {@code benchmarks/run}.
 */
@NullMarked
package io.panallama.server.measure;

import org.jspecify.annotations.NullMarked;
