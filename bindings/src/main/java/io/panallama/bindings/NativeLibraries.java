package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.lang.System.Logger.Level;
import java.nio.file.Path;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * The native libraries of this process: llama.cpp, ggml and the bridge, loaded once and for good.
 *
 * <p>Nothing of {@code io.panallama.bindings.generated} may be called before {@link #load()} has returned, except from
 * the hook of {@link #load(BackendChoice, Runnable)}; a class of generated code that is initialised too early stays
 * unusable.
 *
 * <p>The libraries come from the folder named by the system property {@code panallama.native.dir} or the environment
 * variable {@code PANALLAMA_NATIVE_DIR}, otherwise from the class path, unpacked once per version below {@code
 * panallama.cache.dir} or {@code PANALLAMA_CACHE_DIR} (by default the user's cache folder). Their versions, functions
 * and struct layouts are compared with the bindings before first use.
 *
 * <p>Instances are immutable facts; all methods are thread-safe.
 */
public final class NativeLibraries {
  private static final System.Logger LOG = System.getLogger(NativeLibraries.class.getPackageName());

  private static final Object LOCK = new Object();
  private static boolean loading;
  private static @Nullable NativeLibraries loaded;
  private static @Nullable NativeLoadException failure;

  /** Where the libraries came from. */
  public enum Origin {
    /** The class path, through the cache. */
    CLASS_PATH,
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

  /** {@link #load(BackendChoice, Runnable)} with {@link BackendChoice#AUTO} and no hook. */
  public static NativeLibraries load() {
    return load(BackendChoice.AUTO, () -> {});
  }

  /**
   * Loads the libraries, checks them, and lets ggml find its backends.
   *
   * <p>The first call decides, whatever later calls ask for: libraries cannot be unloaded, and two sets cannot live in
   * one process. Later calls return the same object, or fail with the same reason, and do not run their hook. CUDA is
   * taken when its libraries are on the class path and the driver, the CUDA runtime and cuBLAS are installed; otherwise
   * the CPU, and {@link #cudaObstacle()} says why.
   *
   * @param requested the backend; {@link BackendChoice#AUTO} leaves it to the system property {@code
   *     panallama.backend} or the environment variable {@code PANALLAMA_BACKEND} ({@code auto}, {@code cpu} or {@code
   *     cuda})
   * @param beforeBackends runs when the checks are done and before any backend is loaded: the place to set the log
   *     callback
   * @throws NativeLoadException if there are no libraries that can be used
   * @throws IllegalArgumentException if a setting has a value that is not allowed
   * @throws IllegalStateException if called from {@code beforeBackends}
   */
  public static NativeLibraries load(BackendChoice requested, Runnable beforeBackends) {
    synchronized (LOCK) {
      if (loaded != null) {
        return loaded;
      }
      if (failure != null) {
        throw new NativeLoadException(failure.reason(), String.valueOf(failure.getMessage()), failure);
      }
      if (loading) {
        throw new IllegalStateException("The libraries are being loaded by this very thread");
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

  /** The libraries if they are loaded; never loads them. */
  public static Optional<NativeLibraries> loaded() {
    synchronized (LOCK) {
      return Optional.ofNullable(loaded);
    }
  }

  private static NativeLibraries loadFirst(BackendChoice requested, Runnable beforeBackends) {
    Platform platform = Platform.current();
    LoaderSettings settings = LoaderSettings.current(platform.os());
    try {
      LibraryLoader loader =
          new LibraryLoader(
              platform,
              settings,
              NativeLibraries.class.getClassLoader()::getResourceAsStream,
              new NativeLinkage(),
              AbiCheck.ofGenerated());
      NativeLibraries libraries = loader.load(requested, beforeBackends);
      LOG.log(Level.DEBUG, "Loaded {0}", libraries);
      return libraries;
    } catch (NativeLoadException e) {
      throw e;
    } catch (RuntimeException | LinkageError e) {
      throw forbidden(e)
          .orElseGet(
              () -> new NativeLoadException(Reason.LOAD_FAILED, "The native libraries failed to start: " + e, e));
    }
  }

  /** A failure that says what to do, if native access is what was forbidden, be it in an initialiser. */
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

  /** The folder that the libraries were loaded from; ggml's backends lie there too. */
  public Path directory() {
    return directory;
  }

  /** Where the libraries came from. */
  public Origin origin() {
    return origin;
  }

  /** The operating system and architecture they are made for, such as {@code linux-x64}. */
  public String platform() {
    return platform;
  }

  /** What can be computed on. With {@link Backend#CPU} no GPU may be given to a model, even if ggml lists one. */
  public Backend backend() {
    return backend;
  }

  /** Why CUDA is not used, in words; empty when it is. */
  public Optional<String> cudaObstacle() {
    return cudaObstacle;
  }

  /** The version that llama.cpp reports, such as {@code 0.5.0} or {@code 0.5.0-dev}. */
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
