package io.panallama.internal.request;

import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.NativeInterruption;
import io.panallama.internal.llama.OnDemand;
import io.panallama.internal.llama.Processors;
import io.panallama.internal.llama.SystemMemory;
import io.panallama.internal.llama.TemplateHandle;
import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.internal.prepare.PreparationPool;
import io.panallama.internal.stream.Pieces;
import io.panallama.sampling.Sampling;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * A model in memory with everything that is derived from it once: metadata, vocabulary, chat template.
 *
 * <p>Owned by the facade that loaded it and by each engine on it. The last owner to release it frees template and
 * weights, so an engine can render and tokenize after the facade was closed. Thread-safe.
 */
public final class LoadedModel {
  private static final System.Logger LOG = System.getLogger("io.panallama");

  private static final String TEMPLATE = "tokenizer.chat_template";

  private final ModelHandle handle;
  private final ModelConfig config;
  private final Map<String, String> metadata;
  private final VocabularyFacts facts;
  private final Pieces pieces;
  private final Sampling recommendedSampling;
  private final OnDemand<ChatTemplate> template;

  /** For large conversations: a template renders one at a time, and the small ones need not wait for them. */
  private final OnDemand<ChatTemplate> templateForLarge;

  private final OnDemand<FewestTokens> fewestTokens;
  private final PreparationPool preparations;
  private final ReentrantLock lock = new ReentrantLock();

  /** Why the template can't be used, once that is known: to find it out again would take as long as the first time. */
  private volatile @Nullable ChatTemplateException unusable;

  /** Guarded by the lock; 0 once the model is freed. */
  private int owners = 1;

  /**
   * Takes over the handle; the caller becomes the first owner. If this throws, the handle still belongs to the caller.
   */
  public LoadedModel(ModelHandle handle, ModelConfig config) {
    this.handle = handle;
    this.config = config;
    this.metadata = metadata(handle, config);
    this.facts = handle.vocabularyFacts();
    this.pieces = handle.pieces(facts);
    this.recommendedSampling = RecommendedSampling.of(metadata);
    this.template = compiledTemplate();
    this.templateForLarge = compiledTemplate();
    this.fewestTokens = new OnDemand<>("model", () -> FewestTokens.of(handle, facts, pieces), nothing -> {});
    // A server queues requests at its engine; who calls the model itself decides how many callers wait.
    this.preparations =
        preparations("model", Integer.MAX_VALUE, () -> new IllegalStateException("The model is closed."));
    if (config.chatTemplate().isEmpty() && givenTemplate().isPresent() && !isEncoder()) {
      LOG.log(
          System.Logger.Level.WARNING,
          "{0} has no chat template; chats are written with a general one, which the model may not know.",
          handle.path());
    }
  }

  /**
   * Makes a pool for what is prepared from this model.
   *
   * @param owner names its threads
   * @param limit how many preparations may wait
   * @param closed what callers get once it is closed
   */
  public static PreparationPool preparations(String owner, int limit, Supplier<? extends RuntimeException> closed) {
    // A limit of this process counts stacks as a whole. There the bridge starts a thread for each call.
    long stackBytes = SystemMemory.isLimited() ? 0 : TemplateHandle.STACK_BYTES;
    return PreparationPool.of(owner, stackBytes, Processors.count(), limit, closed, NativeInterruption::new);
  }

  /** Whether a text is computed as a whole, as embedding models do, which hold no chats. */
  private boolean isEncoder() {
    String architecture = metadata.getOrDefault("general.architecture", "");
    return metadata.getOrDefault(architecture + ".attention.causal", "true").equals("false");
  }

  private OnDemand<ChatTemplate> compiledTemplate() {
    return new OnDemand<>("model", this::compile, ChatTemplate::close);
  }

  /** The file's entries as llama.cpp reports them, with the configuration's overrides. */
  private static Map<String, String> metadata(ModelHandle handle, ModelConfig config) {
    Map<String, String> all = new LinkedHashMap<>(handle.metadata());
    config.metadata().forEach((key, value) -> all.put(key, value.text()));
    return Collections.unmodifiableMap(all);
  }

  /**
   * Adds an owner.
   *
   * @throws IllegalStateException if no owner is left
   */
  public void retain() {
    lock.lock();
    try {
      if (owners == 0) {
        throw new IllegalStateException("The model is closed.");
      }
      owners++;
    } finally {
      lock.unlock();
    }
  }

  /** Releases an owner's share. Each owner calls this once. */
  public void release() {
    lock.lock();
    try {
      owners--;
      if (owners > 0) {
        return;
      }
    } finally {
      lock.unlock();
    }
    // The templates first: from then on none is compiled, which would retain the weights.
    preparations.close();
    template.close();
    templateForLarge.close();
    fewestTokens.close();
    handle.close();
  }

  /** Where callers of the model itself have it render and tokenize; engines have pools of their own. */
  public PreparationPool preparations() {
    return preparations;
  }

  public ModelHandle handle() {
    return handle;
  }

  /** The source of the template that chats are rendered with: the given one, the file's, or the fallback. */
  public Optional<String> chatTemplate() {
    return config.chatTemplate().or(this::ownTemplate).or(config::fallbackChatTemplate);
  }

  private Optional<String> ownTemplate() {
    return Optional.ofNullable(metadata.get(TEMPLATE)).filter(source -> !source.isEmpty());
  }

  /** The source that replaces the file's template; empty if that is used. */
  private Optional<String> givenTemplate() {
    // llama.cpp also takes a template for tools alone, which replaces none.
    boolean hasOwn =
        metadata.entrySet().stream()
            .anyMatch(entry -> entry.getKey().startsWith(TEMPLATE) && !entry.getValue().isEmpty());
    return hasOwn ? config.chatTemplate() : chatTemplate();
  }

  /** The configuration it was loaded with. */
  public ModelConfig config() {
    return config;
  }

  /** Every entry of the file's metadata as text, in the file's order. Unmodifiable. */
  public Map<String, String> metadata() {
    return metadata;
  }

  public VocabularyFacts facts() {
    return facts;
  }

  public Pieces pieces() {
    return pieces;
  }

  /** The sampling that the metadata recommends, completed by the defaults. */
  public Sampling recommendedSampling() {
    return recommendedSampling;
  }

  /** What the length of a text says about its number of tokens. */
  FewestTokens fewestTokens() {
    return fewestTokens.get();
  }

  /**
   * The chat template, compiled on first use.
   *
   * @param large whether the conversation is large; those have a copy of the template to themselves
   * @throws ChatTemplateException if there is none, it does not parse, or it exceeds its budget
   * @throws IllegalStateException if the model has no owner left
   */
  public ChatTemplate template(boolean large) {
    return large ? templateForLarge.get() : template.get();
  }

  private ChatTemplate compile() {
    ChatTemplateException known = unusable;
    if (known != null) {
      throw ChatTemplateException.unusable(String.valueOf(known.getMessage()), known);
    }
    try {
      return new ChatTemplate(TemplateHandle.create(handle, givenTemplate().orElse(null)));
    } catch (ChatTemplateException refused) {
      unusable = refused;
      throw refused;
    }
  }
}
