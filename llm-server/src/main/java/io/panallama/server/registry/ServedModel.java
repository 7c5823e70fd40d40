package io.panallama.server.registry;

import io.panallama.chat.ReasoningFormat;
import io.panallama.chat.TemplateOptions;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.sampling.Sampling;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;

/**
 * What the server tells clients about a model, and the defaults for sampling fields that a request leaves out.
 * Immutable and safe for any thread.
 */
public final class ServedModel {
  /** The name by which requests can ask for whichever model is the server's default. */
  public static final String DEFAULT_NAME = "default";

  /** What Ollama's clients put behind a name that has no tag. */
  private static final String LATEST = ":latest";

  private final String id;
  private final List<String> aliases;
  private final String description;
  private final String path;
  private final boolean demo;
  private final Kind kind;
  private final int contextSize;
  private final int trainedContextSize;
  private final String chatTemplate;
  private final long parameters;
  private final long sizeBytes;
  private final Instant created;
  private final String ownedBy;
  private final Sampling sampling;
  private final int maxTokens;
  private final List<String> stops;
  private final ContextOverflow overflow;
  private final TemplateOptions template;

  private ServedModel(Builder from) {
    id = from.id;
    aliases = from.aliases;
    description = from.description;
    path = from.path;
    demo = from.demo;
    kind = from.kind;
    contextSize = from.contextSize;
    trainedContextSize = from.trainedContextSize;
    chatTemplate = from.chatTemplate;
    parameters = from.parameters;
    sizeBytes = from.sizeBytes;
    created = from.created;
    ownedBy = from.ownedBy;
    sampling = from.sampling;
    maxTokens = from.maxTokens;
    stops = from.stops;
    overflow = from.overflow;
    template = from.template;
    if (id.isBlank()) {
      throw new IllegalArgumentException("id is blank; a model needs a name.");
    }
    if (aliases.stream().anyMatch(String::isBlank)) {
      throw new IllegalArgumentException("aliases has a blank name; leave it out.");
    }
    if (contextSize < 1) {
      throw new IllegalArgumentException("contextSize is " + contextSize + "; it must be at least 1.");
    }
    if (maxTokens < 0) {
      throw new IllegalArgumentException("maxTokens is " + maxTokens + "; it must be 0 or more.");
    }
    if (parameters < 0) {
      throw new IllegalArgumentException("parameters is " + parameters + "; it must be 0 or more.");
    }
    if (sizeBytes < 0) {
      throw new IllegalArgumentException("sizeBytes is " + sizeBytes + "; it must be 0 or more.");
    }
  }

  /**
   * A model about which nothing else is said.
   *
   * @throws IllegalArgumentException if {@code id} is blank or {@code contextSize} is below 1
   */
  public static ServedModel of(String id, int contextSize) {
    return builder(id, contextSize).build();
  }

  /**
   * A builder of a model.
   *
   * @param id its name in {@code /v1/models} and in every answer
   * @param contextSize how many tokens one conversation may hold
   */
  public static Builder builder(String id, int contextSize) {
    return new Builder(id, contextSize);
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(id, contextSize)
        .aliases(aliases)
        .description(description)
        .path(path)
        .demo(demo)
        .kind(kind)
        .trainedContextSize(trainedContextSize)
        .chatTemplate(chatTemplate)
        .parameters(parameters)
        .sizeBytes(sizeBytes)
        .created(created)
        .ownedBy(ownedBy)
        .sampling(sampling)
        .maxTokens(maxTokens)
        .stops(stops)
        .overflow(overflow)
        .template(template);
  }

  /** The name in {@code /v1/models} and in every answer. */
  public String id() {
    return id;
  }

  /** Other names that requests may use. */
  public List<String> aliases() {
    return aliases;
  }

  /** The id and the aliases. */
  public List<String> names() {
    List<String> names = new ArrayList<>(aliases);
    names.addFirst(id);
    return names;
  }

  /** Whether a request with this name asks for this model: it is one of its names, or one with {@code :latest} behind it. */
  public boolean answersTo(String name) {
    return names().contains(name)
        || name.endsWith(LATEST) && names().contains(name.substring(0, name.length() - LATEST.length()));
  }

  /** A description of one line; empty by default. */
  public String description() {
    return description;
  }

  /** Where its file is, for clients that may know; its {@link #id} by default. */
  public String path() {
    return path.isEmpty() ? id : path;
  }

  /** Whether this is the embedded demo model, so that the chat page says so; false by default. */
  public boolean demo() {
    return demo;
  }

  /** What a model does. */
  public enum Kind {
    /** It generates text. */
    GENERATES,
    /** It gives vectors of texts. */
    EMBEDS,
    /** It ranks documents. */
    RANKS,
    /** It gives texts labels. */
    CLASSIFIES
  }

  /** What it does; {@link Kind#GENERATES} by default. */
  public Kind kind() {
    return kind;
  }

  /** How many tokens one conversation, or one text of a model of another {@link #kind}, may hold. */
  public int contextSize() {
    return contextSize;
  }

  /** How many tokens the model was trained for; 0, the default, if it is unknown. */
  public int trainedContextSize() {
    return trainedContextSize;
  }

  /** The source of the chat template; empty, the default, if there is none or it is unknown. */
  public String chatTemplate() {
    return chatTemplate;
  }

  /** The number of weights; 0, the default, if it is unknown. */
  public long parameters() {
    return parameters;
  }

  /** The bytes of all weights; 0 if they are unknown. */
  public long sizeBytes() {
    return sizeBytes;
  }

  /** When the model was made or loaded; by default when the builder was made. */
  public Instant created() {
    return created;
  }

  /** Who made the model; {@code "panallama"} by default. */
  public String ownedBy() {
    return ownedBy;
  }

  /** The sampling over which a request's own fields are set; {@link Sampling#recommended()} by default. */
  public Sampling sampling() {
    return sampling;
  }

  /**
   * The limit of tokens of a request that sets none; {@link GenerationOptions#UNLIMITED} by default.
   */
  public int maxTokens() {
    return maxTokens;
  }

  /** The stop texts of a request that sets none; empty by default. */
  public List<String> stops() {
    return stops;
  }

  /** What happens to a request that sets no other way when its context is full; {@link ContextOverflow.Reject} by default. */
  public ContextOverflow overflow() {
    return overflow;
  }

  /** What the chat template is told where a request does not; {@link TemplateOptions#defaults} by default. */
  public TemplateOptions template() {
    return template;
  }

  /** The options of a request that asks for these: the model's stop texts fill in where there are none. */
  public GenerationOptions options(GenerationOptions requested) {
    return requested.stops().isEmpty() ? requested.toBuilder().stops(stops.toArray(String[]::new)).build() : requested;
  }

  /** The options of a chat that asks for these: the model's fill in what is left at its default. */
  public TemplateOptions template(TemplateOptions requested) {
    Map<String, String> arguments = new HashMap<>(template.arguments());
    arguments.putAll(requested.arguments());
    TemplateOptions.Builder merged = requested.toBuilder().arguments(arguments);
    if (requested.reasoning() == ReasoningFormat.AUTO) {
      merged.reasoning(template.reasoning());
    }
    if (requested.thinking().isEmpty()) {
      template.thinking().ifPresent(merged::thinking);
    }
    if (requested.budget().isEmpty()) {
      template.budget().ifPresent(merged::budget);
    }
    return merged.build();
  }

  @Override
  public String toString() {
    return "ServedModel[" + id + "]";
  }

  /** Sets the components one by one. Not safe for use by several threads. */
  public static final class Builder {
    private final String id;
    private final int contextSize;
    private List<String> aliases = List.of();
    private String description = "";
    private String path = "";
    private boolean demo;
    private Kind kind = Kind.GENERATES;
    private int trainedContextSize;
    private String chatTemplate = "";
    private long parameters;
    private long sizeBytes;
    private Instant created = Instant.now();
    private String ownedBy = "panallama";
    private Sampling sampling = Sampling.recommended();
    private int maxTokens = GenerationOptions.UNLIMITED;
    private List<String> stops = List.of();
    private ContextOverflow overflow = new ContextOverflow.Reject();
    private TemplateOptions template = TemplateOptions.defaults();

    private Builder(String id, int contextSize) {
      this.id = Objects.requireNonNull(id, "id");
      this.contextSize = contextSize;
    }

    /** Other names that requests may use. */
    public Builder aliases(List<String> value) {
      aliases = List.copyOf(value);
      return this;
    }

    /** One line for people. */
    public Builder description(String value) {
      description = Objects.requireNonNull(value, "description");
      return this;
    }

    /** Sets {@link ServedModel#path}, which {@code /props} tells; empty for the id. */
    public Builder path(String value) {
      path = Objects.requireNonNull(value, "path");
      return this;
    }

    /** Whether this is the embedded demo model. */
    public Builder demo(boolean value) {
      demo = value;
      return this;
    }

    /** See {@link ServedModel#kind}. */
    public Builder kind(Kind value) {
      kind = Objects.requireNonNull(value, "kind");
      return this;
    }

    /** How many tokens the model was trained for; 0 if it is unknown. */
    public Builder trainedContextSize(int value) {
      trainedContextSize = value;
      return this;
    }

    /** The source of the chat template; empty for none. */
    public Builder chatTemplate(String value) {
      chatTemplate = Objects.requireNonNull(value, "chatTemplate");
      return this;
    }

    /** The number of weights; 0 if it is unknown. */
    public Builder parameters(long value) {
      parameters = value;
      return this;
    }

    /** The bytes of all weights; 0 if they are unknown. */
    public Builder sizeBytes(long value) {
      sizeBytes = value;
      return this;
    }

    /** When the model was made or loaded. */
    public Builder created(Instant value) {
      created = Objects.requireNonNull(value, "created");
      return this;
    }

    /** Who made the model. */
    public Builder ownedBy(String value) {
      ownedBy = Objects.requireNonNull(value, "ownedBy");
      return this;
    }

    /** The sampling over which a request's own fields are set. */
    public Builder sampling(Sampling value) {
      sampling = Objects.requireNonNull(value, "sampling");
      return this;
    }

    /** The limit of tokens of a request that sets none. */
    public Builder maxTokens(int value) {
      maxTokens = value;
      return this;
    }

    /** The stop texts of a request that sets none. */
    public Builder stops(List<String> value) {
      stops = List.copyOf(value);
      return this;
    }

    /** What happens to a request that sets no other way when its context is full. */
    public Builder overflow(ContextOverflow value) {
      overflow = Objects.requireNonNull(value, "overflow");
      return this;
    }

    /** What the chat template is told where a request does not. */
    public Builder template(TemplateOptions value) {
      template = Objects.requireNonNull(value, "template");
      return this;
    }

    /**
     * The model.
     *
     * @throws IllegalArgumentException if the id or an alias is blank, or a number is out of its range
     */
    public ServedModel build() {
      return new ServedModel(this);
    }
  }
}
