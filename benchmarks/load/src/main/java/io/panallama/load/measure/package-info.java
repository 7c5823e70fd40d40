/**
 * The tools of measurement: a {@link io.panallama.load.measure.Machine} to describe, {@link
 * io.panallama.load.measure.Requests} that give the same work every time, a {@link io.panallama.load.measure.Reader}
 * that records when tokens arrive, and the {@link io.panallama.load.measure.Spread} of the results. Used by {@code
 * panallama bench} and by the programs of {@code benchmarks/run}.
 */
@NullMarked
package io.panallama.load.measure;

import org.jspecify.annotations.NullMarked;
