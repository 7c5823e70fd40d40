package io.panallama.natives;

import io.panallama.platform.NativeResources;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/** Opens the resources of this jar, for bindings that are a named module. Stateless. */
public final class NativeJar implements NativeResources {
  /** For the service loader. */
  public NativeJar() {}

  @Override
  public @Nullable InputStream open(String path) {
    return NativeJar.class.getResourceAsStream("/" + path);
  }
}
