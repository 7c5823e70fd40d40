package io.panallama.chat;

import io.panallama.error.InvalidRequestException;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * The tools of a conversation.
 *
 * @param list at most {@link #MAX_TOOLS}, each with a name of its own
 * @param parallelCalls whether one answer may hold several calls; null leaves that to the template
 */
public record Tools(List<Tool> list, ToolChoice choice, @Nullable Boolean parallelCalls) {
  /** The most tools of one request; OpenAI's own limit. */
  public static final int MAX_TOOLS = 128;

  private static final Tools NONE = new Tools(List.of(), new ToolChoice.Auto(), null);

  /**
   * @throws InvalidRequestException if there are too many, two have one name, or the choice names none of them
   */
  public Tools {
    Objects.requireNonNull(choice, "choice");
    list = List.copyOf(list);
    if (list.size() > MAX_TOOLS) {
      throw new InvalidRequestException(
          "tools", "tools has " + list.size() + " tools; at most " + MAX_TOOLS + " are allowed.");
    }
    Set<String> names = new HashSet<>();
    for (Tool tool : list) {
      if (!names.add(tool.name())) {
        throw new InvalidRequestException("tools", "tools has two tools named \"" + tool.name() + "\".");
      }
    }
    if (choice instanceof ToolChoice.Named(String name) && !names.contains(name)) {
      throw new InvalidRequestException("tool_choice", "tool_choice names \"" + name + "\", which is not in tools.");
    }
    if (choice instanceof ToolChoice.Required && list.isEmpty()) {
      throw new InvalidRequestException("tool_choice", "tool_choice requires a tool, and tools is empty.");
    }
  }

  /** No tools. */
  public static Tools none() {
    return NONE;
  }

  /** These tools; the model decides whether to call any. */
  public static Tools of(Tool... tools) {
    return new Tools(List.of(tools), new ToolChoice.Auto(), null);
  }

  public Tools withChoice(ToolChoice newChoice) {
    return new Tools(list, newChoice, parallelCalls);
  }

  /** Whether the answer can hold a call. */
  public boolean callable() {
    return !list.isEmpty() && !(choice instanceof ToolChoice.None);
  }
}
