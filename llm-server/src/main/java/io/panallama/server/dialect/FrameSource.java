package io.panallama.server.dialect;

import java.time.Duration;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** The frames of a stream that exist without the request that asks for them. For one reader. */
public interface FrameSource {
  /**
   * A frame.
   *
   * @param id one line by which a client says which frame it had last; null if the frames have none
   * @param type one line; null for a frame of data alone
   * @param data UTF-8
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, never compared
  record Frame(@Nullable String id, @Nullable String type, byte[] data) {
    /** A frame without an id. */
    public Frame(String type, byte[] data) {
      this(null, type, data);
    }
  }

  /**
   * Waits for the next frame.
   *
   * @return empty if {@code timeout} passed without one, or there is none any more
   * @throws InterruptedException if the server is being stopped
   * @throws ApiException if the next frame is not kept any more
   */
  Optional<Frame> next(Duration timeout) throws InterruptedException;

  /** Whether the last frame was returned, or there will be no other. */
  boolean isDone();

  /** Whether frames are missing at the end, so that the connection must not end as if the client had the whole stream. */
  default boolean isCut() {
    return false;
  }

  /** Says that nobody reads any more. Any thread; does not block, and may be called more than once. */
  default void leave() {}
}
