package io.panallama.internal.worker;

import org.jspecify.annotations.Nullable;

/** What a worker has, and may have died of. */
sealed interface Suspect permits RemoteGeneration, Call {
  /** The worker that has it; null while it waits for one. Guarded by the lock of what is in flight. */
  @Nullable Life life();

  /** How far it is in the worker that has it; see {@link Suspicion}. */
  long position();

  /** By which it is known again. */
  Refusals.Key key();
}
