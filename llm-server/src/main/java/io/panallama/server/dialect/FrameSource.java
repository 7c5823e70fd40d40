package io.panallama.server.dialect;

import java.time.Duration;
import java.util.Optional;

/** The frames of a stream that exist without the request that asks for them. For one reader. */
public interface FrameSource {
  /**
   * A frame.
   *
   * @param type one line
   * @param data UTF-8
   */
  @SuppressWarnings("ArrayRecordComponent") // written once, never compared
  record Frame(String type, byte[] data) {}

  /**
   * Waits for the next frame.
   *
   * @return empty if {@code timeout} passed without one, or there is none any more
   * @throws InterruptedException if the server is being stopped
   * @throws ApiException if the next frame is not kept any more
   */
  Optional<Frame> next(Duration timeout) throws InterruptedException;

  /** Whether the last frame was returned. */
  boolean isDone();
}
