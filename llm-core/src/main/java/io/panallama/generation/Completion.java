package io.panallama.generation;

import io.panallama.chat.ChatMessage;
import io.panallama.chat.Role;
import io.panallama.chat.ToolCall;
import java.time.Duration;
import java.util.List;
import java.util.Objects;

/**
 * A complete answer: what a generation produced from where its reader began to its end.
 *
 * <p>Create one with {@link #builder}: components may be added in later versions, which does not break callers of the
 * builder.
 *
 * @param text the answer without reasoning and tool calls
 * @param reasoning the model's thinking before the answer, if the template separates it; empty otherwise
 * @param toolCalls the tool calls requested by the model; a call that was cut off before the end of its arguments is
 *     not listed
 * @param logprobs one entry per generated token, in order, if the request asked for log-probabilities; empty otherwise
 * @param promptLogprobs one entry per token of the prompt, in order, if the request asked for them; empty otherwise. The
 *     log-probability of the first is NaN
 * @param stopText the stop text at which it ended, the request's own or the chat template's; empty if it ended otherwise
 */
public record Completion(
    String text,
    String reasoning,
    List<ToolCall> toolCalls,
    List<TokenLogprobs> logprobs,
    List<TokenLogprobs> promptLogprobs,
    FinishReason reason,
    Usage usage,
    Timings timings,
    String stopText) {
  /** All components; see {@link #builder}. */
  public Completion {
    Objects.requireNonNull(text, "text");
    Objects.requireNonNull(reasoning, "reasoning");
    Objects.requireNonNull(reason, "reason");
    Objects.requireNonNull(usage, "usage");
    Objects.requireNonNull(timings, "timings");
    Objects.requireNonNull(stopText, "stopText");
    toolCalls = List.copyOf(toolCalls);
    logprobs = List.copyOf(logprobs);
    promptLogprobs = List.copyOf(promptLogprobs);
  }

  /** A builder for an empty answer that ended for this reason, with no usage and no timings. */
  public static Builder builder(FinishReason reason) {
    return new Builder(reason);
  }

  /** A builder that starts from this answer. */
  public Builder toBuilder() {
    return new Builder(reason)
        .text(text)
        .reasoning(reasoning)
        .toolCalls(toolCalls)
        .logprobs(logprobs)
        .promptLogprobs(promptLogprobs)
        .usage(usage)
        .timings(timings)
        .stopText(stopText);
  }

  /** The answer as the message that continues the conversation, with its reasoning and its tool calls. */
  public ChatMessage toMessage() {
    return new ChatMessage(Role.ASSISTANT, text, reasoning, toolCalls, "", "");
  }

  /** Sets the components one by one. Not thread-safe. */
  public static final class Builder {
    private final FinishReason reason;
    private String text = "";
    private String reasoning = "";
    private List<ToolCall> toolCalls = List.of();
    private List<TokenLogprobs> logprobs = List.of();
    private List<TokenLogprobs> promptLogprobs = List.of();
    private Usage usage = new Usage(0, 0, 0, 0);
    private Timings timings = new Timings(Duration.ZERO, Duration.ZERO, Duration.ZERO);
    private String stopText = "";

    private Builder(FinishReason reason) {
      this.reason = reason;
    }

    /** Sets {@link Completion#text()}. */
    public Builder text(String value) {
      text = value;
      return this;
    }

    /** Sets {@link Completion#reasoning()}. */
    public Builder reasoning(String value) {
      reasoning = value;
      return this;
    }

    /** Sets {@link Completion#toolCalls()}. */
    public Builder toolCalls(List<ToolCall> value) {
      toolCalls = value;
      return this;
    }

    /** Sets {@link Completion#logprobs()}. */
    public Builder logprobs(List<TokenLogprobs> value) {
      logprobs = value;
      return this;
    }

    /** Sets {@link Completion#promptLogprobs()}. */
    public Builder promptLogprobs(List<TokenLogprobs> value) {
      promptLogprobs = value;
      return this;
    }

    /** Sets {@link Completion#usage()}. */
    public Builder usage(Usage value) {
      usage = value;
      return this;
    }

    /** Sets {@link Completion#timings()}. */
    public Builder timings(Timings value) {
      timings = value;
      return this;
    }

    /** Sets {@link Completion#stopText()}. */
    public Builder stopText(String value) {
      stopText = value;
      return this;
    }

    /** Builds the value. */
    public Completion build() {
      return new Completion(text, reasoning, toolCalls, logprobs, promptLogprobs, reason, usage, timings, stopText);
    }
  }
}
