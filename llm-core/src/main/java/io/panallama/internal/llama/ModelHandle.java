package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.bindings.generated.llama_progress_callback;
import io.panallama.config.MetadataValue;
import io.panallama.config.ModelConfig;
import io.panallama.error.ModelFileChangedException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.ModelLoadException.Reason;
import io.panallama.gguf.GgufFile;
import io.panallama.internal.stream.Pieces;
import io.panallama.internal.wordpiece.WordPiece;
import io.panallama.sampling.Sampler;
import io.panallama.vocabulary.VocabularyType;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * Owns a {@code llama_model}. Engines, sampler chains and calls in progress retain it; the last one to release it frees
 * it. Thread-safe.
 */
public final class ModelHandle {
  private final Path path;
  private final MemorySegment model;
  private final MemorySegment vocabulary;
  private final int vocabularySize;
  private final int trainedContextSize;
  private final boolean offloaded;
  private final Map<String, MetadataValue> metadataOverrides;
  private final ModelFiles files;
  private final boolean mapped;
  private final @Nullable WordPiece wordPiece;
  private final References references;
  private final ReentrantLock indexLock = new ReentrantLock();

  /** Written under the lock; also read by the thread that frees the model, whichever it is. */
  private volatile @Nullable MemorySegment vocabularyIndex;

  /** A chain that forbids end tokens needs them at every request; scanning 128k tokens takes a millisecond. */
  private volatile @Nullable Set<Integer> ends;

  private ModelHandle(
      Path path,
      MemorySegment model,
      boolean offloaded,
      ModelConfig config,
      ModelFiles files,
      @Nullable WordPiece wordPiece) {
    this.path = path;
    this.files = files;
    this.wordPiece = wordPiece;
    this.mapped =
        switch (config.loadMode()) {
          case MMAP, MMAP_MLOCK, AUTO -> true;
          case READ, MLOCK, DIRECT_IO -> false;
        };
    this.metadataOverrides = config.metadata();
    this.offloaded = offloaded;
    this.model = model;
    this.vocabulary = LlamaCpp.llama_model_get_vocab(model);
    this.vocabularySize = LlamaCpp.llama_vocab_n_tokens(vocabulary);
    this.trainedContextSize = LlamaCpp.llama_model_n_ctx_train(model);
    this.references = new References("model", this::free);
  }

  /**
   * Loads a file that has passed the checks in Java.
   *
   * @throws ModelLoadException if llama.cpp rejects it or the listener stops the load
   */
  public static ModelHandle load(Path path, ModelConfig config) {
    return load(path, config, ModelFiles.open(path));
  }

  /**
   * Loads a file that has passed the checks in Java.
   *
   * @param files was opened before the checks; the handle owns it, also if this throws
   * @throws ModelLoadException if llama.cpp rejects it, the listener stops the load or the file has changed since
   */
  public static ModelHandle load(Path path, ModelConfig config, ModelFiles files) {
    try {
      return loadWatched(path, config, files);
    } catch (Throwable failure) {
      files.close();
      throw failure;
    }
  }

  private static ModelHandle loadWatched(Path path, ModelConfig config, ModelFiles files) {
    try (Arena arena = Arena.ofConfined();
        LogRouter.Capture log = LogRouter.capture()) {
      Progress progress = new Progress(config);
      MemorySegment parameters = ModelParams.allocate(path, config, arena);
      llama_model_params.progress_callback(
          parameters, llama_progress_callback.allocate((fraction, data) -> progress.report(fraction), arena));
      boolean offloaded = ModelParams.offloads(parameters);
      MemorySegment file = arena.allocateFrom(path.toString(), StandardCharsets.UTF_8);
      MemorySegment model = LlamaCpp.llama_model_load_from_file(file, parameters);
      if (model.address() == 0) {
        String words = log.takeErrors("llama.cpp gave no reason");
        throw progress.stopped
            ? new ModelLoadException(Reason.CANCELLED, path, path + ": loading was stopped.", progress.failure)
            : new ModelLoadException(Reason.REFUSED, path, path + ": llama.cpp refused the model: " + words, null);
      }
      return Owned.build(owned -> {
        MemorySegment loaded = owned.add(model, LlamaCpp::llama_model_free);
        WordPiece wordPiece = wordPiece(loaded, path, config);
        String change = files.changeWhileLoading();
        if (change != null) {
          throw new ModelLoadException(
              Reason.REFUSED,
              path,
              path + ": the file changed while it was loaded: " + change + ". Load it again.",
              null);
        }
        return new ModelHandle(path, loaded, offloaded, config, files, wordPiece);
      });
    }
  }

  /** The tokenizer of a vocabulary of BERT's kind, read while {@code files} are watched; null for any other. */
  private static @Nullable WordPiece wordPiece(MemorySegment model, Path path, ModelConfig config) {
    MemorySegment vocabulary = LlamaCpp.llama_model_get_vocab(model);
    return LlamaCpp.llama_vocab_type(vocabulary) == VocabularyType.WPM.ordinal()
        ? WordPiece.of(MetadataOverrides.apply(GgufFile.read(path), config))
        : null;
  }

  /** The upcall for the load's progress. It must not throw: that would end the JVM. */
  private static final class Progress {
    private final ModelConfig config;
    private boolean stopped;
    private @Nullable Throwable failure;

    Progress(ModelConfig config) {
      this.config = config;
    }

    boolean report(float fraction) {
      try {
        stopped = !config.listener().progress(fraction);
      } catch (Throwable thrown) {
        stopped = true;
        failure = thrown;
      }
      return !stopped;
    }
  }

  /**
   * @throws IllegalStateException if the model is closed
   */
  public void retain() {
    references.retain();
  }

  public void release() {
    references.release();
  }

  /** Releases the owner's reference; the model is freed when the last one is released. Repeating it is harmless. */
  public void close() {
    references.close();
  }

  public boolean isClosed() {
    return references.isClosed();
  }

  /** Whether it was closed and nothing retains it any more. */
  boolean isFreed() {
    return references.isFreed();
  }

  /** The file it was loaded from. */
  public Path path() {
    return path;
  }

  /** How a mapped file has changed since it was loaded; null if it has not, or its weights were copied. */
  public @Nullable ModelFileChangedException fileChange() {
    return mapped ? files.change() : null;
  }

  /** The overrides of the file's metadata. */
  Map<String, MetadataValue> metadataOverrides() {
    return metadataOverrides;
  }

  MemorySegment pointer() {
    return model;
  }

  /** The ids of the tokens that end a generation. The caller must retain the model. */
  Set<Integer> ends() {
    Set<Integer> known = ends;
    if (known == null) {
      Set<Integer> found = new HashSet<>();
      for (int token = 0; token < vocabularySize; token++) {
        if (LlamaCpp.llama_vocab_is_eog(vocabulary, token)) {
          found.add(token);
        }
      }
      known = Set.copyOf(found);
      ends = known;
    }
    return known;
  }

  /**
   * The tokens that must never be generated according to the model's file, as a bias. The caller must retain the model.
   */
  Sampler.LogitBias suppressed() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment count = arena.allocate(JAVA_INT);
      MemorySegment tokens = LlamaCpp.llama_vocab_get_suppress_tokens(vocabulary, count);
      Map<Integer, Float> never = new HashMap<>();
      for (int i = 0; i < count.get(JAVA_INT, 0); i++) {
        never.put(tokens.getAtIndex(JAVA_INT, i), Float.NEGATIVE_INFINITY);
      }
      return new Sampler.LogitBias(never);
    }
  }

  MemorySegment vocabulary() {
    return vocabulary;
  }

  /** What tokenizes with a vocabulary of BERT's kind instead of llama.cpp; null for any other vocabulary. */
  @Nullable WordPiece wordPiece() {
    return wordPiece;
  }

  private void free() {
    MemorySegment index = vocabularyIndex;
    if (index != null) {
      LlamaCpp.panallama_vocab_index_free(index);
    }
    LlamaCpp.llama_model_free(model);
    files.close();
  }

  /** The index that lets grammars test fewer tokens; built on first use. The caller must retain the model. */
  MemorySegment vocabularyIndex() {
    indexLock.lock();
    try {
      MemorySegment index = vocabularyIndex;
      if (index == null) {
        try (Arena arena = Arena.ofConfined()) {
          MemorySegment out = arena.allocate(ADDRESS);
          ErrorText error = new ErrorText(arena);
          check(LlamaCpp.panallama_vocab_index_new(vocabulary, out, error.slot()), error);
          index = out.get(ADDRESS, 0);
        }
        vocabularyIndex = index;
      }
      return index;
    } finally {
      indexLock.unlock();
    }
  }

  public int vocabularySize() {
    return vocabularySize;
  }

  /** Number of tokens; 0 if the file does not say. */
  public int trainedContextSize() {
    return trainedContextSize;
  }

  /** Whether a GPU computes part of the model. */
  public boolean isOffloaded() {
    return offloaded;
  }

  // ---- facts, read once while the model is opened ----

  /** llama.cpp's one-line description, such as {@code "llama 8B Q4_K - Medium"}. */
  public String description() {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment buffer = arena.allocate(256);
      LlamaCpp.llama_model_desc(model, buffer, buffer.byteSize());
      return buffer.getString(0);
    }
  }

  public long parameterCount() {
    return LlamaCpp.llama_model_n_params(model);
  }

  /** Total size of all tensors in bytes. */
  public long sizeBytes() {
    return LlamaCpp.llama_model_size(model);
  }

  public int layerCount() {
    return LlamaCpp.llama_model_n_layer(model);
  }

  public int embeddingSize() {
    return LlamaCpp.llama_model_n_embd(model);
  }

  /** Width of a pooled vector. */
  public int pooledSize() {
    return LlamaCpp.llama_model_n_embd_out(model);
  }

  /** The labels of the outputs of the model's head, one at least; an empty text for one without a name. */
  List<String> labels() {
    List<String> labels = new ArrayList<>();
    for (int i = 0; i < LlamaCpp.llama_model_n_cls_out(model); i++) {
      MemorySegment label = LlamaCpp.llama_model_cls_label(model, i);
      labels.add(label.address() == 0 ? "" : label.getString(0));
    }
    return labels;
  }

  public boolean hasDecoder() {
    return LlamaCpp.llama_model_has_decoder(model);
  }

  public boolean hasEncoder() {
    return LlamaCpp.llama_model_has_encoder(model);
  }

  public boolean isRecurrent() {
    return LlamaCpp.llama_model_is_recurrent(model);
  }

  public boolean isHybrid() {
    return LlamaCpp.llama_model_is_hybrid(model);
  }

  /** Whether one state represents all tokens of a sequence, so that no prefix of it can be shared or rewound to. */
  boolean hasRecurrentState() {
    return isRecurrent() || isHybrid();
  }

  /** Number of tokens that the windowed layers see; 0 if every layer sees all. */
  int slidingWindow() {
    return LlamaCpp.llama_model_n_swa(model);
  }

  /** Every scalar entry of the file's metadata as text, in the file's order; arrays as llama.cpp prints them. */
  public Map<String, String> metadata() {
    Map<String, String> result = new LinkedHashMap<>();
    try (Arena arena = Arena.ofConfined()) {
      int count = LlamaCpp.llama_model_meta_count(model);
      for (int i = 0; i < count; i++) {
        int index = i;
        String key = text(arena, (buffer, size) -> LlamaCpp.llama_model_meta_key_by_index(model, index, buffer, size));
        String value =
            text(arena, (buffer, size) -> LlamaCpp.llama_model_meta_val_str_by_index(model, index, buffer, size));
        result.put(key, value);
      }
    }
    return result;
  }

  private interface TextCall {
    int write(MemorySegment buffer, long size);
  }

  /** llama.cpp's snprintf protocol: the result is the length that would have been written, without the NUL. */
  private static String text(Arena arena, TextCall call) {
    MemorySegment buffer = arena.allocate(256);
    int length = call.write(buffer, buffer.byteSize());
    if (length >= buffer.byteSize()) {
      buffer = arena.allocate(length + 1L);
      call.write(buffer, buffer.byteSize());
    }
    return buffer.getString(0);
  }

  public VocabularyFacts vocabularyFacts() {
    return VocabularyFacts.read(vocabulary, vocabularySize);
  }

  /** The bytes of every token as they appear in output, which excludes control and unknown tokens. */
  public Pieces pieces(VocabularyFacts facts) {
    byte[] all;
    long[] ends;
    try (Arena arena = Arena.ofConfined()) {
      ErrorText error = new ErrorText(arena);
      MemorySegment offsets = arena.allocate(JAVA_LONG, vocabularySize + 1L);
      check(LlamaCpp.panallama_pieces(vocabulary, vocabularySize, offsets, MemorySegment.NULL, 0, error.slot()), error);
      long size = offsets.getAtIndex(JAVA_LONG, vocabularySize);
      MemorySegment bytes = arena.allocate(Math.max(1, size));
      check(LlamaCpp.panallama_pieces(vocabulary, vocabularySize, offsets, bytes, size, error.slot()), error);
      all = bytes.asSlice(0, size).toArray(JAVA_BYTE);
      ends = offsets.toArray(JAVA_LONG);
    }
    int[] offsets = new int[vocabularySize + 1];
    boolean[] endOfGeneration = new boolean[vocabularySize];
    int length = 0;
    for (int token = 0; token < vocabularySize; token++) {
      int start = (int) ends[token];
      int count = facts.isHidden(token) ? 0 : (int) ends[token + 1] - start;
      System.arraycopy(all, start, all, length, count);
      length += count;
      offsets[token + 1] = length;
      endOfGeneration[token] = facts.isEndOfGeneration(token);
    }
    return Pieces.of(Arrays.copyOf(all, length), offsets, endOfGeneration);
  }

  private static void check(int status, ErrorText error) {
    if (status != LlamaCpp.PANALLAMA_OK()) {
      throw new IllegalStateException("llama.cpp failed to list its vocabulary: " + error.take());
    }
  }
}
