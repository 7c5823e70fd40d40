package io.panallama.cli;

import io.panallama.server.FrontEnd;
import java.io.File;
import java.lang.module.Configuration;
import java.lang.module.ModuleFinder;
import java.lang.module.ModuleReference;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.stream.Collectors;

/**
 * Finds what serves other protocols than HTTP: among the program's own modules, or in a folder beside theirs that has the name of the
 * protocol. Such a folder is a module layer of its own, so its jars cost nothing, not even a look, where the protocol is not asked for.
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

  /** The folder of a protocol, if it has modules: beside the folder of the program's jars. */
  private static Optional<Path> folder(String protocol) {
    String modules = System.getProperty("jdk.module.path", "");
    return modules.isEmpty() || modules.contains(File.pathSeparator)
        ? Optional.empty()
        : Optional.of(Path.of(modules).resolveSibling(protocol)).filter(Files::isDirectory);
  }

  private static ServiceLoader<FrontEnd> load(Path folder) {
    ModuleFinder modules = ModuleFinder.of(folder);
    // All of them: what automatic modules need, they do not say.
    Set<String> names =
        modules.findAll().stream().map(ModuleReference::descriptor).map(one -> one.name()).collect(Collectors.toSet());
    ModuleLayer program = ModuleLayer.boot();
    Configuration configuration = program.configuration().resolve(ModuleFinder.of(), modules, names);
    ModuleLayer layer =
        ModuleLayer.defineModulesWithOneLoader(configuration, List.of(program), ClassLoader.getSystemClassLoader())
            .layer();
    return ServiceLoader.load(layer, FrontEnd.class);
  }
}
