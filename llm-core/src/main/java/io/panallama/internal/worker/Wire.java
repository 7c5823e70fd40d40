package io.panallama.internal.worker;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A connection between a supervisor and its worker. */
public interface Wire extends AutoCloseable {
  /**
   * A frame.
   *
   * @param values valid until the next one is received
   */
  record Frame(FrameKind kind, Input values) {}

  /** Sends whole frames. Any thread; waits while the other side is too far behind. */
  void send(Output frames) throws IOException;

  /** Waits for a frame; null at the end of the connection. One thread at a time. */
  @Nullable Frame receive() throws IOException;

  /** Ends the connection, and with it every call that waits. Any thread; repeating it is harmless. */
  @Override
  void close();
}
