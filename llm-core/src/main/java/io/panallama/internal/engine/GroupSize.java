package io.panallama.internal.engine;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.config.EngineConfig;
import io.panallama.error.InvalidRequestException;
import io.panallama.generation.GenerationGroup;

/** How many generations of one request an engine can have at once. */
public final class GroupSize {
  private GroupSize() {}

  /**
   * Requires a number that the engine's slots and queue have room for.
   *
   * @throws InvalidRequestException if it is larger, or larger than {@link GenerationGroup#MAX_SIZE}, or less than 1
   */
  public static void require(int n, EngineConfig config) {
    int places = config.slots() + config.queueLimit();
    int most = Math.min(GenerationGroup.MAX_SIZE, places);
    if (n < 1 || n > most) {
      String reason =
          places > most
              ? "."
              : ", which is what the engine's slots ("
                  + config.slots()
                  + ") and its queue ("
                  + config.queueLimit()
                  + ") take.";
      throw new InvalidRequestException("n", name("n") + " is " + n + "; it must be 1 to " + most + reason);
    }
  }
}
