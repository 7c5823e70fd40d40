package io.panallama;

import io.panallama.config.LoadMode;
import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.ModelLoadException;
import io.panallama.error.NativeLibraryException;
import io.panallama.gguf.GgufFile;
import io.panallama.gguf.ModelPreflight;
import io.panallama.internal.llama.MetadataOverrides;
import io.panallama.internal.llama.ModelFiles;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.Natives;
import io.panallama.internal.llama.SystemMemory;
import io.panallama.internal.llama.WeightRepacking;
import io.panallama.internal.request.ChatTemplate;
import io.panallama.internal.request.LoadedModel;
import io.panallama.internal.request.RequestSize;
import io.panallama.internal.trial.ModelTrial;
import io.panallama.observe.ModelFacts;
import io.panallama.request.ChatRequest;
import io.panallama.sampling.Sampling;
import java.nio.file.Path;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicBoolean;

/**
 * A loaded model: weights, vocabulary and chat template.
 *
 * <p>Lifetime: from {@link #load} to {@link #close}. An engine that runs on the model owns it, too: it keeps running
 * after the model was closed, and frees the weights when it is closed itself. No engine can be started on a closed
 * model. Facts stay available; rendering and tokenizing work on a closed model for as long as an engine still runs on
 * it.
 *
 * <p>Thread-safe. Facts are read when the model is loaded and stay readable after it is closed.
 */
public final class Model implements AutoCloseable {
  /** It drafts for another model, whose context it needs; llama.cpp counts it among the decoders. */
  private static final String ASSISTANT = "gemma4-assistant";

  private final LoadedModel loaded;
  private final Path path;
  private final String description;
  private final long parameterCount;
  private final long sizeBytes;
  private final int layerCount;
  private final int embeddingSize;
  private final int trainedContextSize;
  private final boolean textDecoder;
  private final Vocabulary vocabulary;
  private final Tokenizer tokenizer;
  private final AtomicBoolean closed = new AtomicBoolean();

  private Model(ModelHandle handle, Path path, ModelConfig config) {
    this.loaded = new LoadedModel(handle, config);
    this.path = path;
    this.description = handle.description();
    this.parameterCount = handle.parameterCount();
    this.sizeBytes = handle.sizeBytes();
    this.layerCount = handle.layerCount();
    this.embeddingSize = handle.embeddingSize();
    this.trainedContextSize = handle.trainedContextSize();
    this.textDecoder = handle.hasDecoder() && !handle.hasEncoder() && !architecture().equals(ASSISTANT);
    this.vocabulary = new Vocabulary(loaded.facts(), loaded.pieces());
    this.tokenizer = new Tokenizer(handle, loaded.preparations());
  }

  /** Loads with {@link ModelConfig#defaults()}. */
  public static Model load(Path path) {
    return load(path, ModelConfig.defaults());
  }

  /**
   * Loads a GGUF file. The file is checked in Java first, and before its first use tried in a process of its own
   * ({@link ModelConfig#trial}): llama.cpp ends the process on some malformed ones.
   *
   * @throws ModelLoadException if the file can't be read or loaded, or the listener stops the load
   * @throws NativeLibraryException if llama.cpp's libraries can't be loaded
   */
  public static Model load(Path path, ModelConfig config) {
    ModelFiles files = ModelFiles.open(path);
    ModelConfig loadable;
    try {
      loadable = requireLoadable(path, config);
    } catch (Throwable refused) {
      files.close();
      throw refused;
    }
    ModelHandle handle = ModelHandle.load(path, loadable, files);
    try {
      return new Model(handle, path, config);
    } catch (Throwable failure) {
      handle.close();
      throw failure;
    }
  }

  /** Checks a file, and gives the configuration with which it can be loaded on this processor. */
  private static ModelConfig requireLoadable(Path path, ModelConfig config) {
    GgufFile file = MetadataOverrides.apply(GgufFile.read(path), config);
    ModelPreflight.check(file);
    if (!config.vocabularyOnly()) {
      ModelPreflight.requireWeights(file);
    }
    requireVocabulary(path, file);
    requireMemory(path, file, config);
    ModelConfig loadable = WeightRepacking.limit(file, config);
    ModelTrial.check(file, loadable, Natives.load());
    return loadable;
  }

  /** llama.cpp asserts that there is a vocabulary in most calls, and a model without one is of no use here. */
  private static void requireVocabulary(Path path, GgufFile file) {
    String tokenizer = file.string("tokenizer.ggml.model").orElse("none");
    if (tokenizer.equals("none") || tokenizer.equals("no_vocab")) {
      throw new ModelLoadException(
          ModelLoadException.Reason.REFUSED,
          path,
          path + ": has no vocabulary (tokenizer.ggml.model is " + tokenizer + "); it can't read or write text.",
          null);
    }
  }

  /** A mapped file may be larger than the memory; a file that is read or locked may not. */
  private static void requireMemory(Path path, GgufFile file, ModelConfig config) {
    boolean mapped = config.loadMode() == LoadMode.MMAP || config.loadMode() == LoadMode.AUTO;
    if (mapped || config.gpuLayers() != 0) {
      return;
    }
    long available = SystemMemory.availableBytes();
    if (file.fileSize() > available) {
      throw new ModelLoadException(
          ModelLoadException.Reason.INSUFFICIENT_MEMORY,
          path,
          path
              + ": needs "
              + SystemMemory.text(file.fileSize())
              + " to be read into memory, and "
              + SystemMemory.text(available)
              + " are free; load it memory-mapped or take a smaller model.",
          null);
    }
  }

  /** The file as it was given. */
  public Path path() {
    return path;
  }

  /** The model's name from its metadata, or else its file name without the extension. */
  public String name() {
    String named = loaded.metadata().get("general.name");
    if (named != null && !named.isBlank()) {
      return named;
    }
    Path file = path.getFileName();
    String text = (file == null ? path : file).toString();
    return text.endsWith(".gguf") ? text.substring(0, text.length() - ".gguf".length()) : text;
  }

  /** llama.cpp's one-line description: architecture, size and weight format. */
  public String description() {
    return description;
  }

  /** The architecture's name in the metadata, such as {@code "llama"}. */
  public String architecture() {
    return loaded.metadata().getOrDefault("general.architecture", "unknown");
  }

  public long parameterCount() {
    return parameterCount;
  }

  /** Bytes of all tensors. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** Number of context tokens the model was trained for; 0 if the file does not say. */
  public int trainedContextSize() {
    return trainedContextSize;
  }

  public int layerCount() {
    return layerCount;
  }

  /** Width of the hidden state. */
  public int embeddingSize() {
    return embeddingSize;
  }

  /**
   * Every entry of the file's metadata as text, in the file's order, with the overrides of {@link ModelConfig#metadata}
   * applied. Unmodifiable.
   */
  public Map<String, String> metadata() {
    return loaded.metadata();
  }

  /**
   * The Jinja source of the chat template: the one it was loaded with, or else the model's own, or else
   * {@link ModelConfig#fallbackChatTemplate}.
   */
  public Optional<String> chatTemplate() {
    return loaded.chatTemplate();
  }

  public Vocabulary vocabulary() {
    return vocabulary;
  }

  public Tokenizer tokenizer() {
    return tokenizer;
  }

  /**
   * {@link Sampling#defaults()}, overridden by the recommendations in the model's metadata
   * ({@code general.sampling.*}). Requests that choose no sampling get it ({@link Sampling#recommended}).
   */
  public Sampling recommendedSampling() {
    return loaded.recommendedSampling();
  }

  /**
   * Renders a conversation into the prompt format that the model was trained on, ready for the assistant's turn. In the
   * returned text, special tokens can't be distinguished from messages that spell them out; {@link Engine#generate}
   * keeps the two apart.
   *
   * @throws InvalidRequestException if a schema of a tool or of the answer can't be enforced
   * @throws ChatTemplateException if the model has no usable template or the template rejects the conversation
   * @throws IllegalStateException if the model is closed and no engine runs on it
   */
  public String render(ChatRequest request) {
    boolean large = RequestSize.isLarge(request);
    return loaded
        .preparations()
        .run(large, checkpoint -> loaded.template(large).render(request).prompt(), prompt -> {});
  }

  /** What is told of it where it is not at hand. */
  ModelFacts facts() {
    return new ModelFacts(
        path(),
        name(),
        description(),
        architecture(),
        parameterCount(),
        sizeBytes(),
        layerCount(),
        embeddingSize(),
        trainedContextSize(),
        metadata(),
        chatTemplate());
  }

  /** The chat template, compiled on first use. */
  ChatTemplate template() {
    return loaded.template(false);
  }

  LoadedModel loaded() {
    return loaded;
  }

  ModelHandle handle() {
    return loaded.handle();
  }

  boolean isClosed() {
    return closed.get();
  }

  boolean hasWeights() {
    return !loaded.config().vocabularyOnly();
  }

  boolean isTextDecoder() {
    return textDecoder;
  }

  /** Frees the model, or leaves that to the last engine that runs on it. Repeating it is harmless. */
  @Override
  public void close() {
    if (closed.compareAndSet(false, true)) {
      loaded.release();
    }
  }

  @Override
  public String toString() {
    return "Model[" + name() + ", " + description + "]";
  }
}
