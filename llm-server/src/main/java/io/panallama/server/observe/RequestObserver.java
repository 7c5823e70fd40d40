package io.panallama.server.observe;

import java.util.Optional;
import java.util.function.Function;

/**
 * Is told of every request. {@link #arrived} and {@link #ended} are called on the request's thread, so they must not block; the record is not changed after
 * {@link #ended}, and may be read by other threads from then on. What they throw is logged and has no effect on the request. Safe for use by
 * several threads.
 */
public interface RequestObserver extends AutoCloseable {
  /**
   * A request has arrived.
   *
   * @param headers gives a header of the request by its name
   */
  default void arrived(RequestRecord request, Function<String, Optional<String>> headers) {}

  /** A request has been answered, or its client has left. */
  void ended(RequestRecord request);

  /** Passes on what it still holds, within a few seconds. Called once, when the server serves no request any more. */
  @Override
  default void close() {}
}
