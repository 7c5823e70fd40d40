package io.panallama.request;

import io.panallama.error.Checks;
import io.panallama.error.InvalidRequestException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * A gap in a text, such as the cursor position in a source file, to be filled by a model that was trained for it.
 *
 * <p>The model sees {@code [extra files] <prefix> prefix + prompt <suffix> suffix <middle>}, in the order and within
 * the limits of llama-server's {@code /infill}: three quarters of the {@link #window} go to the end of the prefix, and
 * one quarter to the prompt and the beginning of the suffix. Text farther from the gap is left out. So is the beginning
 * of the extra files if the context could not hold them together with the window and twice {@code maxTokens}. The
 * window itself takes at most three quarters of the context. The prompt is never truncated.
 *
 * <p>Special tokens written in any of the texts are treated as plain text. Immutable and thread-safe.
 */
public final class InfillRequest implements GenerationRequest {
  /** The default window: llama-server's default of {@code n_batch}, which has this role there. */
  public static final int DEFAULT_WINDOW = 2048;

  /** The smallest window that can be asked for. */
  public static final int SMALLEST_WINDOW = 16;

  private final String prefix;
  private final String suffix;
  private final String prompt;
  private final List<File> extra;
  private final int window;
  private final boolean suffixFirst;
  private final GenerationOptions options;

  private InfillRequest(Builder from) {
    prefix = from.prefix;
    suffix = from.suffix;
    prompt = from.prompt;
    extra = from.extra;
    window = from.window;
    suffixFirst = from.suffixFirst;
    options = from.options;
    Checks.inRange("window", window, SMALLEST_WINDOW, Integer.MAX_VALUE);
  }

  /** A builder that starts from an empty prefix and suffix, with nothing else and default options. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** A gap with nothing else around it and default options. */
  public static InfillRequest of(String prefix, String suffix) {
    return builder().prefix(prefix).suffix(suffix).build();
  }

  /** The same gap with other options. */
  @Override
  public InfillRequest with(GenerationOptions newOptions) {
    return toBuilder().options(newOptions).build();
  }

  /** The text before the gap. */
  public String prefix() {
    return prefix;
  }

  /** The text after the gap. */
  public String suffix() {
    return suffix;
  }

  /** The beginning of the text that fills the gap, which the answer continues; may be empty. */
  public String prompt() {
    return prompt;
  }

  /** Other files that provide context, the most useful one last. */
  public List<File> extra() {
    return extra;
  }

  /** Number of tokens around the gap, at least 16. */
  public int window() {
    return window;
  }

  /** Whether the suffix comes before the prefix, as some models require (llama-server's {@code --spm-infill}). */
  public boolean suffixFirst() {
    return suffixFirst;
  }

  /** Limits, sampling and stops. */
  @Override
  public GenerationOptions options() {
    return options;
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof InfillRequest that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "InfillRequest" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("prefix", prefix);
    all.put("suffix", suffix);
    all.put("prompt", prompt);
    all.put("extra", extra);
    all.put("window", window);
    all.put("suffixFirst", suffixFirst);
    all.put("options", options);
    return all;
  }

  /** Collects the components of an {@link InfillRequest}. Not thread-safe. */
  public static final class Builder {
    private String prefix = "";
    private String suffix = "";
    private String prompt = "";
    private List<File> extra = List.of();
    private int window = DEFAULT_WINDOW;
    private boolean suffixFirst;
    private GenerationOptions options = GenerationOptions.defaults();

    private Builder() {}

    private Builder(InfillRequest from) {
      prefix = from.prefix;
      suffix = from.suffix;
      prompt = from.prompt;
      extra = from.extra;
      window = from.window;
      suffixFirst = from.suffixFirst;
      options = from.options;
    }

    /** Sets {@link InfillRequest#prefix()}. */
    public Builder prefix(String value) {
      prefix = Objects.requireNonNull(value, "prefix");
      return this;
    }

    /** Sets {@link InfillRequest#suffix()}. */
    public Builder suffix(String value) {
      suffix = Objects.requireNonNull(value, "suffix");
      return this;
    }

    /** Sets {@link InfillRequest#prompt()}. */
    public Builder prompt(String value) {
      prompt = Objects.requireNonNull(value, "prompt");
      return this;
    }

    /** Sets {@link InfillRequest#extra()}. */
    public Builder extra(List<File> value) {
      extra = List.copyOf(value);
      return this;
    }

    /** Sets {@link InfillRequest#window()}. */
    public Builder window(int value) {
      window = value;
      return this;
    }

    /** Sets {@link InfillRequest#suffixFirst()}. */
    public Builder suffixFirst(boolean value) {
      suffixFirst = value;
      return this;
    }

    /** Sets {@link InfillRequest#options()}. */
    public Builder options(GenerationOptions value) {
      options = Objects.requireNonNull(value, "options");
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if the window is too small
     */
    public InfillRequest build() {
      return new InfillRequest(this);
    }
  }

  /**
   * Another file of the same project, or a part of it.
   *
   * @param name may be empty
   * @param text its content
   */
  public record File(String name, String text) {
    /** Rejects null components. */
    public File {
      Objects.requireNonNull(name, "name");
      Objects.requireNonNull(text, "text");
    }
  }
}
