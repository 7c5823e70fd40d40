/**
 * Which models are served, and by which engines.
 *
 * <p>{@link io.panallama.server.registry.Registry} maps the names that clients use to engines and hands out reference-counted
 * leases: a request holds its {@link io.panallama.server.registry.Lease} until its answer is written, so replacing a model
 * never takes an engine away from a running answer. Draining waits for these leases, then revokes what is left. Nothing here
 * knows HTTP or a wire format; why a model cannot be leased is a status of {@link
 * io.panallama.server.registry.ModelUnavailableException}.
 *
 * <pre>{@code
 * Registry registry = new Registry();
 * registry.serve(ServedModel.of("my-model", 4096), ServedEngine.of(engine));
 * try (Lease lease = registry.lease("my-model")) {
 *   lease.generator().generate(request).await();
 * }
 * }</pre>
 */
@NullMarked
package io.panallama.server.registry;

import org.jspecify.annotations.NullMarked;
