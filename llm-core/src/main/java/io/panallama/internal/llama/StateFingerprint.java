package io.panallama.internal.llama;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.config.EngineConfig;
import io.panallama.error.ModelLoadException;
import io.panallama.gguf.GgufFile;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.StandardOpenOption;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.TreeMap;

/**
 * Identifies what sequence states depend on: the model and everything that changes their layout or meaning.
 *
 * <p>Of the weights it reads samples: two fine-tunes of one model have equal headers and differ nearly everywhere else.
 * Reading a whole model would take seconds.
 */
final class StateFingerprint {
  /** Must change whenever anything below does. */
  private static final String SCHEME = "panallama state 1";

  private static final int SAMPLES = 64;
  private static final int SAMPLE_BYTES = 4096;

  private StateFingerprint() {}

  /**
   * Computes a SHA-256 hash, which takes milliseconds.
   *
   * @param config without {@link EngineConfig#AUTO}
   * @param streams number of parts of the KV cache
   * @throws IOException if the model's file can't be read
   */
  static byte[] compute(ModelHandle model, EngineConfig config, int streams) throws IOException {
    MessageDigest hash = sha256();
    add(hash, SCHEME);
    add(hash, LlamaCpp.llama_version().getString(0));
    add(hash, config.keyType() + " " + config.valueType() + " " + config.flashAttention());
    add(hash, config.rope() + " " + config.fullSlidingWindow() + " true");
    if (!isPortable(model) && streams > 1) {
      add(hash, "streams " + streams);
    }
    add(hash, new TreeMap<>(model.metadataOverrides()).toString());
    // These cover the other files of a model that is split into several.
    add(hash, model.sizeBytes() + " " + model.parameterCount());
    GgufFile file;
    try {
      file = GgufFile.read(model.path());
    } catch (ModelLoadException unreadable) {
      throw new IOException(unreadable);
    }
    if (file.tensor("rope_factors_long.weight").isPresent()) {
      // llama.cpp rotates the keys by other factors if the context is longer than the model's original one.
      add(hash, "context " + config.contextSize());
    }
    add(hash, "file " + file.fileSize());
    try (FileChannel channel = FileChannel.open(model.path(), StandardOpenOption.READ)) {
      long header = file.dataOffset();
      for (long at = 0; at < header; at += 1 << 20) {
        add(hash, channel, at, (int) Math.min(1 << 20, header - at));
      }
      long data = file.fileSize() - header;
      int sample = (int) Math.min(SAMPLE_BYTES, data);
      for (int i = 0; i < SAMPLES; i++) {
        add(hash, channel, header + (data - sample) / (SAMPLES - 1) * i, sample);
      }
    }
    return hash.digest();
  }

  /**
   * Whether states do not depend on how the cache is divided, after {@link NativeImage} has converted them. Models with a
   * sliding window or a recurrent state have caches of several parts, whose states can't be told apart.
   */
  static boolean isPortable(ModelHandle model) {
    return model.slidingWindow() == 0 && !model.hasRecurrentState();
  }

  private static void add(MessageDigest hash, String text) {
    hash.update(text.getBytes(StandardCharsets.UTF_8));
    hash.update((byte) 0);
  }

  private static void add(MessageDigest hash, FileChannel channel, long at, int bytes) throws IOException {
    ByteBuffer buffer = ByteBuffer.allocate(bytes);
    while (buffer.hasRemaining()) {
      if (channel.read(buffer, at + buffer.position()) < 0) {
        throw new EOFException("The model's file became shorter.");
      }
    }
    hash.update(buffer.flip());
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException everyJdkHasIt) {
      throw new IllegalStateException(everyJdkHasIt);
    }
  }
}
