package io.panallama.internal.request;

import io.panallama.config.ModelConfig;
import io.panallama.error.ChatTemplateException;
import io.panallama.internal.llama.ModelHandle;
import io.panallama.internal.llama.OnDemand;
import io.panallama.internal.llama.TemplateHandle;
import io.panallama.internal.llama.VocabularyFacts;
import io.panallama.internal.stream.Pieces;
import io.panallama.sampling.Sampling;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.locks.ReentrantLock;
import org.jspecify.annotations.Nullable;

/**
 * A model in memory with everything that is derived from it once: metadata, vocabulary, chat template.
 *
 * <p>Owned by the facade that loaded it and by each engine on it. The last owner to release it frees template and
 * weights, so an engine can render and tokenize after the facade was closed. Thread-safe.
 */
public final class LoadedModel {
  private final ModelHandle handle;
  private final ModelConfig config;
  private final Map<String, String> metadata;
  private final VocabularyFacts facts;
  private final Pieces pieces;
  private final Sampling recommendedSampling;
  private final OnDemand<ChatTemplate> template;
  private final ReentrantLock lock = new ReentrantLock();

  /** Why the template can't be used, once that is known: to find it out again would take as long as the first time. */
  private @Nullable ChatTemplateException unusable;

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
    this.template = new OnDemand<>("model", this::compile, ChatTemplate::close);
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
    // The template first: from then on none is compiled, which would retain the weights.
    template.close();
    handle.close();
  }

  public ModelHandle handle() {
    return handle;
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

  /**
   * The chat template, compiled on first use.
   *
   * @throws ChatTemplateException if there is none, it does not parse, or it exceeds its budget
   * @throws IllegalStateException if the model has no owner left
   */
  public ChatTemplate template() {
    return template.get();
  }

  /** Called under the lock of {@link #template}. */
  private ChatTemplate compile() {
    ChatTemplateException known = unusable;
    if (known != null) {
      throw new ChatTemplateException(String.valueOf(known.getMessage()), known);
    }
    try {
      return new ChatTemplate(TemplateHandle.create(handle, config.chatTemplate().orElse(null)));
    } catch (ChatTemplateException refused) {
      unusable = refused;
      throw refused;
    }
  }
}
