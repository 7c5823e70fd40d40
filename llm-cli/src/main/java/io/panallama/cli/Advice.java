package io.panallama.cli;

import io.panallama.error.EngineStartException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import java.io.IOException;
import java.io.UncheckedIOException;

/** Advice for the failures that {@code doctor} finds. */
final class Advice {
  private Advice() {}

  private static final String WRITABLE = "Choose a writable folder: PANALLAMA_CACHE_DIR=/path panallama doctor";

  static String of(Throwable failure) {
    String words = words(failure);
    if (words.contains("Too many open files")) {
      return "Raise the limit of open files of this shell or service to 1024 or more: ulimit -n 1024, or"
          + " LimitNOFILE=1024 in a systemd unit.";
    }
    if (words.contains("No space left on device") || words.contains("Disk quota exceeded")) {
      return "Free some disk space, or choose another folder: PANALLAMA_CACHE_DIR=/path panallama doctor";
    }
    if (words.contains("failed to map segment")) {
      // What dlopen says of a library in a file system without execute permission.
      return "The folder of the libraries is mounted noexec, so they can't be loaded from there. Choose another folder:"
          + " PANALLAMA_CACHE_DIR=/path panallama doctor";
    }
    return switch (failure) {
      case NativeLibraryException natives -> isAboutFiles(natives) ? WRITABLE : of(natives.reason());
      case UncheckedIOException _ -> WRITABLE;
      case ModelLoadException _ -> "Delete the file; the next start writes it again.";
      case EngineStartException _ -> "Free some memory and try again.";
      default -> "Run panallama doctor -v and report what it prints.";
    };
  }

  /** The messages of a failure and its causes. */
  private static String words(Throwable failure) {
    StringBuilder words = new StringBuilder();
    for (Throwable each = failure; each != null; each = each.getCause()) {
      words.append(each.getMessage()).append('\n');
    }
    return words.toString();
  }

  /** Whether a file could not be read or written, as opposed to a library that could not be loaded. */
  private static boolean isAboutFiles(Throwable failure) {
    for (Throwable each = failure; each != null; each = each.getCause()) {
      if (each instanceof IOException) {
        return true;
      }
    }
    return false;
  }

  /** For CUDA that was requested but is not available. */
  static String forCuda() {
    return "CUDA needs an NVIDIA driver (nvidia-smi shows it), the CUDA 13 runtime (libcudart.so.13, libcublas.so.13)"
        + " and a build with --backend cuda. Without --backend cuda this machine can run Panallama on the CPU.";
  }

  private static String of(NativeLibraryException.Reason reason) {
    return switch (reason) {
      case NOT_FOUND ->
          "Build with the libraries of this platform and backend (a CUDA build is made with --backend cuda), "
              + "or name a folder with -Dpanallama.native.dir or PANALLAMA_NATIVE_DIR.";
      case WRONG_PLATFORM ->
          "Build on this machine: there are libraries for Linux, macOS and Windows on x64 and arm64.";
      case WRONG_VERSION, WRONG_LAYOUT, MISSING_SYMBOL ->
          "The folder in -Dpanallama.native.dir or PANALLAMA_NATIVE_DIR needs llama.cpp "
              + Main.Version.llama()
              + "; leave it out to use the libraries that come with Panallama.";
      case CORRUPT -> "Delete the unpacked libraries in the cache folder; the next start unpacks them again.";
      case LOAD_FAILED ->
          "A system library is missing or too old: glibc 2.35 and libstdc++ of GCC 12 are needed "
              + "(Ubuntu 22.04, Debian 12 or later); ldd shows which.";
    };
  }
}
