package io.panallama.cli;

import io.panallama.server.FrontEnd;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.stream.Stream;

/**
 * Finds what serves other protocols than HTTP: among the program's own modules, or in a folder beside theirs that has the name of the
 * protocol. Such a folder is loaded by itself, so its jars cost nothing, not even a look, where the protocol is not asked for.
 */
final class FrontEnds {
  private FrontEnds() {}

  /**
   * The front end of a protocol.
   *
   * @throws UsageException if the program was installed without it
   */
  static FrontEnd find(String protocol) {
    return find(protocol, ServiceLoader.load(FrontEnd.class))
        .or(() -> folder(protocol).flatMap(folder -> find(protocol, load(folder))))
        .orElseThrow(() ->
            new UsageException(
                "--"
                    + protocol
                    + "-port needs the jars of panallama-"
                    + protocol
                    + ", and this program was installed without them; build it as a whole, or the image with"
                    + " --build-arg "
                    + protocol.toUpperCase(Locale.ROOT)
                    + "=1."));
  }

  private static Optional<FrontEnd> find(String protocol, ServiceLoader<FrontEnd> all) {
    return all.stream().map(ServiceLoader.Provider::get).filter(one -> one.protocol().equals(protocol)).findFirst();
  }

  /** The folder of a protocol, if it was installed: beside the folder of the program's jars. */
  private static Optional<Path> folder(String protocol) {
    String modules = System.getProperty("jdk.module.path", "");
    return modules.isEmpty() || modules.contains(File.pathSeparator)
        ? Optional.empty()
        : Optional.of(Path.of(modules).resolveSibling(protocol)).filter(Files::isDirectory);
  }

  /**
   * Loads the jars as a class path of their own: as modules, those of gRPC would clash with packages that the program's own libraries
   * bring along.
   */
  private static ServiceLoader<FrontEnd> load(Path folder) {
    List<URL> jars = new ArrayList<>();
    try (Stream<Path> files = Files.list(folder)) {
      for (Path jar : files.filter(file -> file.toString().endsWith(".jar")).sorted().toList()) {
        jars.add(jar.toUri().toURL());
      }
    } catch (IOException unreadable) {
      throw new UncheckedIOException(unreadable);
    }
    // Open as long as the program runs.
    ClassLoader loader = new URLClassLoader(jars.toArray(URL[]::new), ClassLoader.getSystemClassLoader());
    return ServiceLoader.load(FrontEnd.class, loader);
  }
}
