package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** An operating system and a processor architecture that native libraries are built for. */
record Platform(Os os, Arch arch) {

  /** The operating systems, with their differences that matter to a loader. */
  enum Os {
    LINUX("linux", "lib(.+?)\\.so(?:\\.\\d+)*", List.of("libcuda.so.1", "libcudart.so.13", "libcublas.so.13")),
    MAC("mac", "lib(.+?)\\.dylib", List.of()),
    WINDOWS("windows", "(?:lib)?(.+?)\\.dll", List.of("nvcuda.dll", "cudart64_13.dll", "cublas64_13.dll"));

    private final String id;
    private final Pattern libraryName;
    private final List<String> cudaLibraries;

    Os(String id, String libraryName, List<String> cudaLibraries) {
      this.id = id;
      this.libraryName = Pattern.compile(libraryName);
      this.cudaLibraries = cudaLibraries;
    }

    /** The driver, the CUDA runtime and cuBLAS, in this order; empty where CUDA does not exist. */
    List<String> cudaLibraries() {
      return cudaLibraries;
    }

    /**
     * What a library's file name is about: the name without prefix, version and suffix, so {@code ggml} for {@code
     * libggml.v0.5.0.so} and {@code llama} for {@code libllama.so.0}. Empty for any other file.
     */
    String component(String fileName) {
      Matcher matcher = libraryName.matcher(fileName);
      if (!matcher.matches()) {
        return "";
      }
      String name = matcher.group(1);
      int dot = name.indexOf('.');
      return dot < 0 ? name : name.substring(0, dot);
    }
  }

  /** The processor architectures. */
  enum Arch {
    X64("x64"),
    ARM64("arm64");

    private final String id;

    Arch(String id) {
      this.id = id;
    }
  }

  /** The platform of this JVM. */
  static Platform current() {
    return of(System.getProperty("os.name", ""), System.getProperty("os.arch", ""));
  }

  /**
   * Returns the platform of a JVM with these system properties.
   *
   * @throws NativeLoadException with {@link Reason#WRONG_PLATFORM} if there are no libraries for it
   */
  static Platform of(String osName, String osArch) {
    String name = osName.toLowerCase(Locale.ROOT);
    Os os;
    if (name.startsWith("linux")) {
      os = Os.LINUX;
    } else if (name.startsWith("mac") || name.startsWith("darwin")) {
      os = Os.MAC;
    } else if (name.startsWith("windows")) {
      os = Os.WINDOWS;
    } else {
      throw unsupported(osName, osArch);
    }
    Arch arch =
        switch (osArch.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64", "x64" -> Arch.X64;
          case "aarch64", "arm64" -> Arch.ARM64;
          default -> throw unsupported(osName, osArch);
        };
    return new Platform(os, arch);
  }

  /** The name in resource paths and indexes, such as {@code linux-x64}. */
  String id() {
    return os.id + "-" + arch.id;
  }

  private static NativeLoadException unsupported(String osName, String osArch) {
    return new NativeLoadException(
        Reason.WRONG_PLATFORM,
        "There are no native libraries for os.name '%s', os.arch '%s'; supported are Linux, macOS and Windows on a 64-bit x86 or Arm JVM"
            .formatted(osName, osArch));
  }
}
