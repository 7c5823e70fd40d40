package io.panallama.build;

import io.panallama.platform.CacheFolder;
import java.nio.file.Path;
import java.util.Locale;

/**
 * The machine that builds.
 *
 * @param os {@code linux}, {@code mac} or {@code windows}
 * @param arch {@code x64} or {@code arm64}
 */
record Host(String os, String arch) {
  static Host current() {
    return of(System.getProperty("os.name"), System.getProperty("os.arch"));
  }

  static Host of(String osName, String osArch) {
    String name = osName.toLowerCase(Locale.ROOT);
    String os = name.contains("mac") ? "mac" : name.contains("windows") ? "windows" : "linux";
    String arch =
        switch (osArch.toLowerCase(Locale.ROOT)) {
          case "amd64", "x86_64" -> "x64";
          case "aarch64", "arm64" -> "arm64";
          default -> throw new BuildFailure("there are no packages of llama.cpp for the processor " + osArch);
        };
    return new Host(os, arch);
  }

  String platform() {
    return os + "-" + arch;
  }

  boolean isWindows() {
    return os.equals("windows");
  }

  /** {@code libpanallama.so} for {@code panallama}. */
  String libraryFile(String name) {
    return switch (os) {
      case "windows" -> name + ".dll";
      case "mac" -> "lib" + name + ".dylib";
      default -> "lib" + name + ".so";
    };
  }

  /** {@code panallama-trial}, with the ending of a program where there is one. */
  String programFile(String name) {
    return isWindows() ? name + ".exe" : name;
  }

  /** The folder of everything that the build keeps; outside the checkout, so that all checkouts share it. */
  Path cache() {
    return CacheFolder.root().resolve("build");
  }
}
