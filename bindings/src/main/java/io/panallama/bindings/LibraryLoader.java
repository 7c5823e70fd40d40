package io.panallama.bindings;

import io.panallama.bindings.LibraryIndex.Kind;
import io.panallama.bindings.NativeLibraries.Origin;
import io.panallama.bindings.NativeLoadException.Reason;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;

/**
 * Chooses a set of libraries, loads it and checks it before first use. {@link NativeLibraries} does this once per class
 * loader; this class has no state of its own beyond its configuration.
 */
final class LibraryLoader {
  private static final Optional<String> CPU_CHOSEN = Optional.of("the CPU was asked for");

  private final Platform platform;
  private final LoaderSettings settings;
  private final PackagedLibraries.Resources resources;
  private final Linkage linkage;
  private final AbiCheck abi;
  private final NativeCache cache;
  private final Optional<ProcessLibraries> loadedBefore;

  /**
   * @param loadedBefore the set that another class loader of this process has loaded, which is taken whatever the settings
   *     say
   */
  LibraryLoader(
      Platform platform,
      LoaderSettings settings,
      PackagedLibraries.Resources resources,
      Linkage linkage,
      AbiCheck abi,
      Optional<ProcessLibraries> loadedBefore) {
    this.platform = platform;
    this.settings = settings;
    this.resources = resources;
    this.linkage = linkage;
    this.abi = abi;
    this.cache = new NativeCache(settings.cacheRoot(), settings.verify());
    this.loadedBefore = loadedBefore;
  }

  /** Does what {@link NativeLibraries#load(BackendChoice, Runnable)} says. */
  NativeLibraries load(BackendChoice requested, Runnable beforeBackends) {
    BackendChoice choice = requested == BackendChoice.AUTO ? settings.backend() : requested;
    Optional<ProcessLibraries> folder =
        loadedBefore.or(() -> settings.nativeFolder().map(own -> new ProcessLibraries(Origin.FOLDER, own)));
    if (folder.isPresent()) {
      return loadFolder(folder.get(), choice, beforeBackends);
    }
    Cuda cuda = choice == BackendChoice.CPU ? new Cuda(Optional.empty(), CPU_CHOSEN) : prepareCuda();
    Prepared libraries = cuda.libraries().orElseGet(this::prepareCpu);
    start(libraries, beforeBackends);
    return result(libraries.folder(), Origin.PACKAGED, cuda.obstacle().or(linkage::cudaObstacle));
  }

  private NativeLibraries loadFolder(ProcessLibraries libraries, BackendChoice choice, Runnable beforeBackends) {
    Path folder = libraries.folder();
    start(new Prepared(folder, LibraryFolder.loadOrder(folder, platform)), beforeBackends);
    return result(folder, libraries.origin(), choice == BackendChoice.CPU ? CPU_CHOSEN : linkage.cudaObstacle());
  }

  /** Unpacked libraries, in the order in which they are loaded. */
  private record Prepared(Path folder, List<Path> files) {}

  /** The CUDA set, or the reason why it is not used. */
  private record Cuda(Optional<Prepared> libraries, Optional<String> obstacle) {
    static Cuda unusable(String obstacle) {
      return new Cuda(Optional.empty(), Optional.of(obstacle));
    }
  }

  /** Any problem with CUDA is a reason to fall back to the CPU, as long as nothing is loaded. */
  private Cuda prepareCuda() {
    try {
      Optional<PackagedLibraries> packaged = PackagedLibraries.find(resources, platform, Backend.CUDA);
      List<String> names = packaged.map(set -> set.index().names(Kind.BACKEND)).orElse(List.of());
      Optional<String> obstacle = CudaSupport.obstacle(platform.os(), names, linkage::opens);
      if (obstacle.isPresent()) {
        return new Cuda(Optional.empty(), obstacle);
      }
      if (packaged.isEmpty()) {
        return Cuda.unusable("there is no jar of CUDA libraries on the class path or module path (build with -Pcuda)");
      }
      Prepared libraries = prepare(packaged.get());
      // A set that loads halfway would leave a libggml-base behind, which the CPU set would then find by name. The
      // bridge, the last to be loaded, depends on all the others.
      return linkage
          .trial(libraries.files().getLast())
          .map(Cuda::unusable)
          .orElseGet(() -> new Cuda(Optional.of(libraries), Optional.empty()));
    } catch (NativeLoadException e) {
      return Cuda.unusable("the CUDA libraries cannot be used: " + e.getMessage());
    }
  }

  private Prepared prepareCpu() {
    return prepare(PackagedLibraries.find(resources, platform, Backend.CPU).orElseThrow(this::notFound));
  }

  private Prepared prepare(PackagedLibraries packaged) {
    LibraryIndex index = packaged.index();
    AbiCheck.checkVersions(index.llamaVersion(), index.bridgeVersion(), packaged.origin());
    Path folder = cache.unpack(packaged);
    return new Prepared(folder, index.names(Kind.LOAD).stream().map(folder::resolve).toList());
  }

  private void start(Prepared libraries, Runnable beforeBackends) {
    libraries.files().forEach(linkage::load);
    abi.check(linkage, "The libraries in " + libraries.folder());
    beforeBackends.run();
    linkage.start(libraries.folder());
  }

  private NativeLibraries result(Path folder, Origin origin, Optional<String> cudaObstacle) {
    return new NativeLibraries(
        folder,
        origin,
        platform.id(),
        cudaObstacle.isPresent() ? Backend.CPU : Backend.CUDA,
        cudaObstacle,
        linkage.llamaVersion());
  }

  private NativeLoadException notFound() {
    List<String> others =
        Arrays.stream(Platform.Os.values())
            .flatMap(os -> Arrays.stream(Platform.Arch.values()).map(arch -> new Platform(os, arch)))
            .filter(other -> !other.equals(platform))
            .filter(this::isPackaged)
            .map(Platform::id)
            .toList();
    String advice =
        "put the jar panallama-native for %s on it, or name a folder of your own build in -Dpanallama.native.dir or PANALLAMA_NATIVE_DIR"
            .formatted(platform.id());
    return others.isEmpty()
        ? new NativeLoadException(
            Reason.NOT_FOUND,
            "The class path or module path has no native libraries (%s/index.txt); %s"
                .formatted(PackagedLibraries.folder(platform, Backend.CPU), advice))
        : new NativeLoadException(
            Reason.WRONG_PLATFORM,
            "The class path or module path has native libraries for %s, but this is %s; %s"
                .formatted(others, platform.id(), advice));
  }

  private boolean isPackaged(Platform other) {
    try {
      return PackagedLibraries.find(resources, other, Backend.CPU).isPresent();
    } catch (NativeLoadException e) {
      // The set exists, although it is damaged; the damage of another platform's set is not worth a message here.
      return true;
    }
  }
}
