package io.panallama.platform;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A jar of native libraries. The module of such a jar provides this service and the bindings use it, so the module
 * system resolves the jar without an {@code --add-modules}. On the class path no service is needed: there the resources
 * are found by their path alone, and several jars need no merging of service files when they are packed into one.
 *
 * <p>An implementation is stateless and may be called by any thread.
 */
public interface NativeResources {
  /**
   * Opens a resource of the jar.
   *
   * @param path the full path, such as {@code META-INF/native/linux-x64/index.txt}
   * @return the resource, which the caller closes, or null if the jar does not have it
   * @throws IOException if the jar cannot be read
   */
  @Nullable InputStream open(String path) throws IOException;
}
