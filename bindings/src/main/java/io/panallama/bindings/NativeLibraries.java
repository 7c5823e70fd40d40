package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.platform.NativeResources;
import java.io.InputStream;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.ServiceLoader;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries: llama.cpp, ggml and the bridge, loaded once and for the life of the process.
 *
 * <p>No function of {@code io.panallama.bindings.generated} may be called before {@link #load()} has returned, except from
 * the hook of {@link #load(BackendChoice, Runnable)}; a function that is called too early stays unusable.
 *
 * <p>The libraries come from the folder named by the system property {@code panallama.native.dir} or the environment
 * variable {@code PANALLAMA_NATIVE_DIR}, otherwise from a jar on the class path or module path, unpacked once per version
 * below {@link io.panallama.platform.CacheFolder#root()}. Their versions, functions and struct layouts are compared with
 * the bindings before first use.
 *
 * <p>Several class loaders of a process may each have these bindings, as after a redeployment or in two plug-ins. The
 * first one decides which libraries the process has; the others take the same ones, and fail if those do not match their
 * bindings. llama.cpp's log and its devices are shared by all of them.
 *
 * <p>Instances are immutable; all methods are thread-safe.
 */
public final class NativeLibraries {
  private static final System.Logger LOG = System.getLogger(NativeLibraries.class.getPackageName());

  private static final Object LOCK = new Object();
  private static boolean loading;
  private static @Nullable NativeLibraries loaded;
  private static @Nullable NativeLoadException failure;

  /** Where the libraries came from. */
  public enum Origin {
    /** A jar on the class path or module path, unpacked into the cache folder. */
    PACKAGED,
    /** A folder that the user named. */
    FOLDER
  }

  private final Path directory;
  private final Origin origin;
  private final String platform;
  private final Backend backend;
  private final Optional<String> cudaObstacle;
  private final String llamaVersion;

  NativeLibraries(
      Path directory,
      Origin origin,
      String platform,
      Backend backend,
      Optional<String> cudaObstacle,
      String llamaVersion) {
    this.directory = directory;
    this.origin = origin;
    this.platform = platform;
    this.backend = backend;
    this.cudaObstacle = cudaObstacle;
    this.llamaVersion = llamaVersion;
  }

  /**
   * Calls {@link #load(BackendChoice, Runnable)} with {@link BackendChoice#AUTO} and no hook.
   *
   * @return the libraries
   */
  public static NativeLibraries load() {
    return load(BackendChoice.AUTO, () -> {});
  }

  /**
   * Loads the libraries, checks them, and lets ggml find its backends.
   *
   * <p>The first call decides, whatever later calls ask for: libraries cannot be unloaded, and two sets cannot live in
   * one process. Later calls return the same object, or fail with the same reason, and do not run their hook. CUDA is used
   * when a jar has its libraries and the driver, the CUDA runtime and cuBLAS are installed; otherwise the CPU is used, and
   * {@link #cudaObstacle()} says why.
   *
   * @param requested the backend; {@link BackendChoice#AUTO} leaves it to the system property {@code
   *     panallama.backend} or the environment variable {@code PANALLAMA_BACKEND} ({@code auto}, {@code cpu} or {@code
   *     cuda})
   * @param beforeBackends runs when the checks are done and before this call loads any backend: the place to add a log
   *     callback
   * @return the libraries, the same object for all calls through this class loader
   * @throws NativeLoadException if no usable libraries are found
   * @throws IllegalArgumentException if a setting has a value that is not allowed
   * @throws IllegalStateException if called from {@code beforeBackends}
   */
  @SuppressWarnings("StaticAssignmentOfThrowable") // later calls fail with it as their cause
  public static NativeLibraries load(BackendChoice requested, Runnable beforeBackends) {
    synchronized (LOCK) {
      if (loaded != null) {
        return loaded;
      }
      if (failure != null) {
        throw new NativeLoadException(failure.reason(), String.valueOf(failure.getMessage()), failure);
      }
      if (loading) {
        throw new IllegalStateException("load() was called from the hook of load()");
      }
      loading = true;
      try {
        loaded = loadFirst(requested, beforeBackends);
        return loaded;
      } catch (NativeLoadException e) {
        failure = e;
        throw e;
      } finally {
        loading = false;
      }
    }
  }

  /** {@return the libraries, or empty if this class loader has not loaded them} Never loads them. */
  public static Optional<NativeLibraries> loaded() {
    synchronized (LOCK) {
      return Optional.ofNullable(loaded);
    }
  }

  private static NativeLibraries loadFirst(BackendChoice requested, Runnable beforeBackends) {
    Platform platform = Platform.current();
    LoaderSettings settings = LoaderSettings.current();
    try {
      synchronized (ProcessLibraries.LOCK) {
        LibraryLoader loader =
            new LibraryLoader(
                platform,
                settings,
                resources(),
                new NativeLinkage(),
                AbiCheck.ofGenerated(),
                ProcessLibraries.loaded());
        NativeLibraries libraries = loader.load(requested, beforeBackends);
        new ProcessLibraries(libraries.origin, libraries.directory).publish();
        LOG.log(Level.DEBUG, "Loaded {0}", libraries);
        return libraries;
      }
    } catch (NativeLoadException e) {
      throw e;
    } catch (RuntimeException | LinkageError e) {
      throw forbidden(e)
          .orElseGet(
              () -> new NativeLoadException(Reason.LOAD_FAILED, "The native libraries failed to start: " + e, e));
    }
  }

  /** The jars that are modules, found by their service, and then whatever the class loader sees. */
  private static PackagedLibraries.Resources resources() {
    Class<?> here = NativeLibraries.class;
    ModuleLayer layer = here.getModule().getLayer();
    List<NativeResources> jars =
        (layer == null
                ? ServiceLoader.load(NativeResources.class, here.getClassLoader())
                : ServiceLoader.load(layer, NativeResources.class))
            .stream().map(ServiceLoader.Provider::get).toList();
    return path -> {
      for (NativeResources jar : jars) {
        InputStream in = jar.open(path);
        if (in != null) {
          return in;
        }
      }
      return here.getClassLoader().getResourceAsStream(path);
    };
  }

  /** A failure with advice, if the cause is that native access is forbidden, even inside an initialiser. */
  private static Optional<NativeLoadException> forbidden(Throwable e) {
    for (Throwable cause = e; cause != null; cause = cause.getCause()) {
      if (cause instanceof IllegalCallerException) {
        String message =
            "Java forbids native access here (%s); start it with --enable-native-access=%s"
                .formatted(cause.getMessage(), accessName());
        return Optional.of(new NativeLoadException(Reason.LOAD_FAILED, message, e));
      }
    }
    return Optional.empty();
  }

  private static String accessName() {
    Module module = NativeLibraries.class.getModule();
    return module.isNamed() ? module.getName() : "ALL-UNNAMED";
  }

  /** {@return the folder that the libraries were loaded from} It holds ggml's backends too. */
  public Path directory() {
    return directory;
  }

  /** {@return where the libraries came from} */
  public Origin origin() {
    return origin;
  }

  /** {@return the operating system and architecture that they are built for, such as {@code linux-x64}} */
  public String platform() {
    return platform;
  }

  /** {@return the backend to compute on} With {@link Backend#CPU} no GPU may be given to a model, even if ggml lists one. */
  public Backend backend() {
    return backend;
  }

  /** {@return the reason why CUDA is not used, in words; empty when it is used} */
  public Optional<String> cudaObstacle() {
    return cudaObstacle;
  }

  /** {@return the version that llama.cpp reports, such as {@code 0.5.0} or {@code 0.5.0-dev}} */
  public String llamaVersion() {
    return llamaVersion;
  }

  @Override
  public String toString() {
    return "llama.cpp %s for %s on %s from %s%s"
        .formatted(
            llamaVersion, platform, backend, directory, cudaObstacle.map(why -> " (no CUDA: " + why + ")").orElse(""));
  }
}
