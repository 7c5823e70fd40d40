package io.panallama.bindings.child;

import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.Signatures;
import io.panallama.bindings.generated.LlamaCpp;

/** Links signatures before there are libraries, loads those, and calls a function of a signature that was linked. */
public final class SignaturesMain {
  private SignaturesMain() {}

  public static void main(String[] args) {
    Signatures.link();
    System.out.println("loaded " + NativeLibraries.loaded().isPresent());
    NativeLibraries.load();
    System.out.println("devices " + LlamaCpp.ggml_backend_dev_count());
  }
}
