package io.panallama.internal.engine;

import io.panallama.error.GenerationException;
import io.panallama.error.GenerationException.Reason;
import io.panallama.internal.decode.StateImage;
import org.jspecify.annotations.Nullable;

/** Receives the state after a prompt, and holds it until it is taken or this is closed. */
final class StateCatcher implements StateListener, AutoCloseable {
  private @Nullable StateImage image;
  private boolean closed;

  @Override
  public synchronized void state(@Nullable StateImage value) {
    if (closed && value != null) {
      value.close();
    } else {
      image = value;
    }
  }

  @Override
  public void ended(int[] tokens) {}

  @Override
  public void failed() {}

  /**
   * Returns the image, which is freed when this is closed.
   *
   * @throws GenerationException if there is none
   */
  synchronized StateImage image() {
    if (image == null) {
      throw new GenerationException(Reason.DECODE_FAILED, "The state of the sequence can't be copied.", null);
    }
    return image;
  }

  /** Frees the image, even one that arrives later. */
  @Override
  public synchronized void close() {
    closed = true;
    if (image != null) {
      image.close();
      image = null;
    }
  }
}
