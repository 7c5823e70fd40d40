/**
 * An engine, an embedder, a reranker or a classifier in a process of its own.
 *
 * <pre>{@code
 *   caller --> Supervisor --SUBMIT--> WorkerServer --> Engine
 *                  ^                                     |
 *   reader <-- RemoteGeneration <--EVENTS-- Pump <-------+
 * }</pre>
 *
 * <p>{@link io.panallama.internal.worker.Supervisor} is the side that survives: it starts workers, watches them, keeps
 * the tokens of each generation, and hands all of it to the next worker when one dies.
 * {@link io.panallama.internal.worker.Suspicion} finds the request that kills.
 * {@link io.panallama.internal.worker.WorkerServer} is the worker's side. Between them go frames
 * ({@link io.panallama.internal.worker.FrameKind}) over a {@link io.panallama.internal.worker.Wire}; the codecs write
 * requests, events, configurations and exceptions as bytes. Pure Java: the engine itself comes in through
 * {@link io.panallama.internal.worker.WorkerBackend}, and what computes texts through
 * {@link io.panallama.internal.worker.TextBackend}. A call about texts has no progress: it is answered, or sent again to
 * the next worker.
 */
@NullMarked
package io.panallama.internal.worker;

import org.jspecify.annotations.NullMarked;
