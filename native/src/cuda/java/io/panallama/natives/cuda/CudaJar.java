package io.panallama.natives.cuda;

import io.panallama.platform.NativeResources;
import java.io.InputStream;

/** Opens the resources of this jar, for bindings that are a named module. Stateless. */
public final class CudaJar implements NativeResources {
  /** For the service loader. */
  public CudaJar() {}

  @Override
  public InputStream open(String path) {
    return CudaJar.class.getResourceAsStream("/" + path);
  }
}
