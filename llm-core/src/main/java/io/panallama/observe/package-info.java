/**
 * The observable state of the library: the state and counters of an engine, the devices and the native libraries of the process.
 *
 * <pre>{@code
 * EngineStats stats = engine.stats();
 * System.out.println(stats.running() + " running, " + stats.waiting() + " waiting");
 * }</pre>
 *
 * <p>The values are snapshots: they do not change after they were taken. Taking one never waits for the engine thread. All types are immutable and thread-safe.
 */
@NullMarked
package io.panallama.observe;

import org.jspecify.annotations.NullMarked;
