package io.panallama.internal.stream;

import io.panallama.generation.PromptProgress;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import org.jspecify.annotations.Nullable;

/**
 * What a reader has not yet taken of the states of a prompt: the first one, and the latest of the others. One thread puts,
 * another one takes.
 */
public final class PromptStates {
  /** Null before the prompt began, and once it was taken. */
  private final AtomicReference<@Nullable PromptProgress> beginning = new AtomicReference<>();

  /** The latest state after the first; null once it was taken. */
  private final AtomicReference<@Nullable PromptProgress> latest = new AtomicReference<>();

  /** Owned by the thread that puts. */
  private boolean began;

  /** Adds a state, in place of one that was not taken, unless that is the first. */
  public void put(PromptProgress state) {
    (began ? latest : beginning).set(state);
    began = true;
  }

  /** Takes the next state, if there is one. */
  public Optional<PromptProgress> take() {
    PromptProgress first = beginning.getAndSet(null);
    return Optional.ofNullable(first == null ? latest.getAndSet(null) : first);
  }
}
