package io.panallama.internal.decode;

import java.io.IOException;
import java.nio.channels.ReadableByteChannel;
import org.jspecify.annotations.Nullable;

/** The implementation of {@link StateStore#NONE}. */
final class NoStates implements StateStore {
  private static final int FINGERPRINT_BYTES = 32;

  @Override
  public long stateBytes(int sequence) {
    return 0;
  }

  @Override
  public @Nullable StateImage save(int sequence) {
    return null;
  }

  @Override
  public boolean restore(StateImage image, int sequence) {
    return false;
  }

  @Override
  public StateImage read(ReadableByteChannel channel, long bytes) throws IOException {
    throw new IOException("This context keeps no states.");
  }

  /** Nothing was saved, so nothing is compared with it. */
  @Override
  public byte[] fingerprint() {
    return new byte[FINGERPRINT_BYTES];
  }
}
