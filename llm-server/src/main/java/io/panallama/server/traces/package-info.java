/**
 * Traces of requests by OpenTelemetry's SDK, as OTLP over HTTP.
 *
 * <p>{@link io.panallama.server.traces.TraceSettings} says whether they are wanted; nothing else here, and no class of OpenTelemetry, is
 * loaded unless they are.
 */
@NullMarked
package io.panallama.server.traces;

import org.jspecify.annotations.NullMarked;
