package io.panallama.internal.trial;

import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.GgufValue;
import io.panallama.internal.trial.TrialResult.Outcome;
import io.panallama.internal.trial.TrialRun.Depth;
import io.panallama.observe.NativeReport;
import io.panallama.platform.CacheFolder;
import java.io.EOFException;
import java.io.IOException;
import java.lang.System.Logger.Level;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.stream.Stream;

/**
 * Tries a model file in a process of its own before this process loads it, and remembers the result by the file's
 * content, the overrides of its metadata and llama.cpp's libraries.
 *
 * <p>The trial computes on the CPU, with a small context and with the settings that an engine uses by default. A
 * failure that needs a GPU, other settings or thousands of tokens stays undetected, as does one in the steps of a model
 * that is too large for them.
 */
public final class ModelTrial {
  private static final System.Logger LOG = System.getLogger(ModelTrial.class.getPackageName());

  /** Must change whenever the program does more or a key means something else. */
  private static final String SCHEME = "panallama trial 2";

  /** Models up to this size are computed with, which takes less than a second for most; of larger ones only graphs are planned. */
  private static final long COMPUTED = 256L << 20;

  private static final int SAMPLES = 16;
  private static final int SAMPLE_BYTES = 4096;
  private static final int PIECE = 1 << 20;

  /** The impossibility of trials is told once. */
  private static final AtomicBoolean TOLD = new AtomicBoolean();

  private ModelTrial() {}

  /**
   * Tries a file as {@link ModelConfig#trial} says.
   *
   * @param file a file that has passed the preflight
   * @param natives the libraries of this process
   * @throws ModelLoadException with {@link Reason#TRIAL_FAILED} if llama.cpp ends its process on the file or does not
   *     come to an end
   */
  public static void check(GgufFile file, ModelConfig config, NativeReport natives) {
    if (config.trial() == Trial.NEVER) {
      return;
    }
    TrialRun run = new TrialRun(natives);
    if (!Files.exists(run.program())) {
      untried(file, config, run.program() + " does not exist");
      return;
    }
    List<Path> shards = shards(file);
    long bytes = file.fileSize() + shards.stream().mapToLong(shard -> shard.toFile().length()).sum();
    Depth depth = depth(file, config, bytes);
    TrialMemory memory = new TrialMemory(CacheFolder.root().resolve("trials"));
    Optional<String> key = key(file, shards, config, natives, depth);
    Optional<TrialResult> known = config.trial() == Trial.ALWAYS ? Optional.empty() : key.flatMap(memory::find);
    TrialResult result = known.orElseGet(() -> run.run(file.path(), depth, bytes, config));
    if (known.isEmpty()) {
      key.ifPresent(name -> memory.store(name, result));
    }
    switch (result.outcome()) {
      case PASSED -> {}
      case IMPOSSIBLE -> untried(file, config, run.program() + " can't be started: " + result.words());
      case DIED, STOPPED -> throw failure(file, result);
    }
  }

  private static ModelLoadException failure(GgufFile file, TrialResult result) {
    String what = result.outcome() == Outcome.DIED ? "llama.cpp ends its process on this model" : "a trial was ended";
    return new ModelLoadException(
        Reason.TRIAL_FAILED,
        file.path(),
        file.path()
            + ": "
            + what
            + ", "
            + result.words()
            + (result.outcome() == Outcome.DIED
                ? ". The file is damaged, or made for another version of llama.cpp."
                : ".")
            + " With trial set to NEVER it is loaded all the same, and may end this process.",
        null);
  }

  private static void untried(GgufFile file, ModelConfig config, String why) {
    if (config.trial() == Trial.ALWAYS) {
      throw new ModelLoadException(
          Reason.TRIAL_FAILED,
          file.path(),
          file.path()
              + ": it can't be tried in a process of its own, which trial ALWAYS demands: "
              + why
              + ". Let programs run in the cache folder, or set trial to AUTO to load the model without a trial.",
          null);
    }
    if (TOLD.compareAndSet(false, true)) {
      LOG.log(
          Level.WARNING,
          "Models are loaded without a trial in a process of its own, so a malformed file may end this process: {0}",
          why);
    }
  }

  private static Depth depth(GgufFile file, ModelConfig config, long bytes) {
    if (config.vocabularyOnly() || !file.hasWeights()) {
      return Depth.VOCABULARY;
    }
    return bytes <= COMPUTED ? Depth.STEPS : Depth.GRAPHS;
  }

  /** The other files of a model in several files. Their names were checked by the preflight. */
  private static List<Path> shards(GgufFile file) {
    long count = file.value("split.count").orElse(null) instanceof GgufValue.Int number ? number.value() : 1;
    Path name = file.path().getFileName();
    Path folder = file.path().toAbsolutePath().getParent();
    if (count <= 1 || name == null || folder == null) {
      return List.of();
    }
    String pattern = name.toString().replaceFirst("-\\d{5}-of-(\\d{5}\\.gguf)$", "");
    try (Stream<Path> all = Files.list(folder)) {
      return all.filter(
              other -> {
                String text = String.valueOf(other.getFileName());
                return text.startsWith(pattern + "-")
                    && text.matches(".*-\\d{5}-of-\\d{5}\\.gguf")
                    && !text.equals(name.toString());
              })
          .sorted()
          .toList();
    } catch (IOException unreadable) {
      return List.of();
    }
  }

  /** The name under which a result is remembered; empty if the file can't be read, which the load will report. */
  private static Optional<String> key(
      GgufFile file, List<Path> shards, ModelConfig config, NativeReport natives, Depth depth) {
    MessageDigest hash;
    try {
      hash = MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
    List<String> facts = new ArrayList<>(List.of(SCHEME, natives.llamaVersion(), depth.name()));
    facts.add(natives.directory() + " " + natives.cpuVariant());
    facts.add(new TreeMap<>(config.metadata()).toString());
    facts.add(TrialRun.weights(config));
    facts.add(Long.toString(file.fileSize()));
    for (Path shard : shards) {
      facts.add(shard.getFileName() + " " + shard.toFile().length() + " " + shard.toFile().lastModified());
    }
    hash.update(String.join("\0", facts).getBytes(StandardCharsets.UTF_8));
    try (FileChannel channel = FileChannel.open(file.path(), StandardOpenOption.READ)) {
      long header = file.dataOffset();
      for (long at = 0; at < header; at += PIECE) {
        add(hash, channel, at, (int) Math.min(PIECE, header - at));
      }
      long data = file.fileSize() - header;
      int sample = (int) Math.min(SAMPLE_BYTES, data);
      for (int i = 0; i < SAMPLES && sample > 0; i++) {
        add(hash, channel, header + (data - sample) / (SAMPLES - 1) * i, sample);
      }
    } catch (IOException unreadable) {
      return Optional.empty();
    }
    return Optional.of(HexFormat.of().formatHex(hash.digest()).substring(0, 32));
  }

  private static void add(MessageDigest hash, FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("the file became shorter");
      }
    }
    hash.update(buffer.flip());
  }
}
