package io.panallama.bindings.child;

import io.panallama.bindings.BackendChoice;
import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.NativeLoadException;

/** Loads the native libraries twice and prints each outcome on a line. */
final class LoadMain {
  private LoadMain() {}

  public static void main(String[] args) {
    for (BackendChoice choice : new BackendChoice[] {BackendChoice.AUTO, BackendChoice.CUDA}) {
      try {
        NativeLibraries libraries = NativeLibraries.load(choice, () -> System.out.println("hook"));
        System.out.printf("%s %s %s%n", libraries.origin(), libraries.backend(), libraries.directory());
      } catch (NativeLoadException e) {
        System.out.printf("%s %s%n", e.reason(), e.getMessage());
      } catch (IllegalArgumentException e) {
        System.out.println(e);
      }
    }
    System.out.println("loaded " + NativeLibraries.loaded().isPresent());
  }
}
