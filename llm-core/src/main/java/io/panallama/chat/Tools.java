package io.panallama.chat;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.error.InvalidRequestException;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** The tools of a conversation. Immutable and thread-safe. */
public final class Tools {
  private static final Tools NONE = new Builder().build();

  private final List<Tool> list;
  private final ToolChoice choice;
  private final @Nullable Boolean parallelCalls;

  private Tools(Builder from) {
    list = from.list;
    choice = from.choice;
    parallelCalls = from.parallelCalls;
    Set<String> names = new HashSet<>();
    for (int i = 0; i < list.size(); i++) {
      if (!names.add(list.get(i).name())) {
        throw new InvalidRequestException(
            "tools.list",
            name("tools.list")
                + " has two tools named \""
                + list.get(i).name()
                + "\"; the second one is number "
                + (i + 1)
                + ".");
      }
    }
    if (choice instanceof ToolChoice.Named(String name) && !names.contains(name)) {
      throw new InvalidRequestException(
          "tools.choice", name("tools.choice") + " names \"" + name + "\", which is not in tools.");
    }
    if (choice instanceof ToolChoice.Required && list.isEmpty()) {
      throw new InvalidRequestException("tools.choice", name("tools.choice") + " requires a tool, and tools is empty.");
    }
  }

  /** A builder that starts from {@link #none()}. */
  public static Builder builder() {
    return new Builder();
  }

  /** A builder that starts from this value. */
  public Builder toBuilder() {
    return new Builder(this);
  }

  /** No tools. */
  public static Tools none() {
    return NONE;
  }

  /** These tools; the model decides whether to call any. */
  public static Tools of(Tool... tools) {
    return builder().list(List.of(tools)).build();
  }

  /** Whether the answer may contain a call. */
  public boolean callable() {
    return !list.isEmpty() && !(choice instanceof ToolChoice.None);
  }

  /** Tools with distinct names. */
  public List<Tool> list() {
    return list;
  }

  /** Whether and which tools the model calls. */
  public ToolChoice choice() {
    return choice;
  }

  /**
   * Whether one answer may contain several calls. Absent by default: the template decides. With {@code false} the answer ends
   * once its first call is whole, with {@link io.panallama.generation.FinishReason#TOOL_CALLS}.
   */
  public Optional<Boolean> parallelCalls() {
    return Optional.ofNullable(parallelCalls);
  }

  @Override
  public boolean equals(@Nullable Object other) {
    return other instanceof Tools that && components().equals(that.components());
  }

  @Override
  public int hashCode() {
    return components().hashCode();
  }

  @Override
  public String toString() {
    return "Tools" + components();
  }

  /** All components by name, for equals, hashCode and toString. */
  private Map<String, Object> components() {
    Map<String, Object> all = new LinkedHashMap<>();
    all.put("list", list);
    all.put("choice", choice);
    all.put("parallelCalls", parallelCalls());
    return all;
  }

  /** Collects the components of a {@link Tools}. Not thread-safe. */
  public static final class Builder {
    private List<Tool> list = List.of();
    private ToolChoice choice = new ToolChoice.Auto();
    private @Nullable Boolean parallelCalls;

    private Builder() {}

    private Builder(Tools from) {
      list = from.list;
      choice = from.choice;
      parallelCalls = from.parallelCalls;
    }

    /** Sets {@link Tools#list()}. */
    public Builder list(List<Tool> value) {
      list = List.copyOf(value);
      return this;
    }

    /** Sets {@link Tools#choice()}. */
    public Builder choice(ToolChoice value) {
      choice = Objects.requireNonNull(value, "choice");
      return this;
    }

    /** Sets {@link Tools#parallelCalls()}. */
    public Builder parallelCalls(Boolean value) {
      parallelCalls = Objects.requireNonNull(value, "parallelCalls");
      return this;
    }

    /** Unsets {@link Tools#parallelCalls()}. */
    public Builder noParallelCalls() {
      parallelCalls = null;
      return this;
    }

    /**
     * Builds the value.
     *
     * @throws InvalidRequestException if two tools have the same name, or the choice names none of them
     */
    public Tools build() {
      return new Tools(this);
    }
  }
}
