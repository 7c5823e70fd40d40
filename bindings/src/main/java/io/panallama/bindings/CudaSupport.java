package io.panallama.bindings;

import java.util.Collection;
import java.util.List;
import java.util.Optional;
import java.util.function.Predicate;

/** Decides whether to try the CUDA libraries, without loading anything permanently. */
final class CudaSupport {
  private static final List<String> ROLES = List.of("the CUDA driver", "the CUDA runtime", "cuBLAS");

  private CudaSupport() {}

  /**
   * Describes the first thing that CUDA needs and the machine lacks; empty when the machine has everything.
   *
   * @param packaged names of the files that are packaged with the libraries and need not be installed
   * @param opens tells whether the operating system finds and opens a library by name
   */
  static Optional<String> obstacle(Platform.Os os, Collection<String> packaged, Predicate<String> opens) {
    List<String> needed = os.cudaLibraries();
    if (needed.isEmpty()) {
      return Optional.of("CUDA does not exist on this operating system");
    }
    for (int i = 0; i < needed.size(); i++) {
      String library = needed.get(i);
      if (!packaged.contains(library) && !opens.test(library)) {
        return Optional.of("%s (%s) was not found".formatted(ROLES.get(i), library));
      }
    }
    return Optional.empty();
  }
}
