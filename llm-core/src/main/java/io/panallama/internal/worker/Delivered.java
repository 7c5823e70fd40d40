package io.panallama.internal.worker;

import io.panallama.generation.GenerationEvent;
import io.panallama.generation.TokenLogprobs;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * How much of an answer its reader has got, by channel, so that a worker that begins it again from its tokens repeats
 * nothing. The borders of events depend on time, but the text of each channel does not. Not thread-safe.
 */
final class Delivered {
  private final long[] total = new long[Channel.values().length];
  private final long[] seen = new long[Channel.values().length];

  private enum Channel {
    PROMPT,
    TEXT,
    LOGPROBS,
    REASONING,
    CALLS,
    ARGUMENTS
  }

  /** A new worker begins from the start. */
  void restart() {
    Arrays.fill(seen, 0);
  }

  /** How many tokens the reader has got log-probabilities of. */
  int logprobs() {
    return (int) total[Channel.LOGPROBS.ordinal()];
  }

  /** The part of an event that the reader does not have; null if there is none. */
  @Nullable GenerationEvent rest(GenerationEvent event) {
    return switch (event) {
      case GenerationEvent.PromptLogprobs(List<TokenLogprobs> tokens) -> {
        int skip = skip(Channel.PROMPT, tokens.size());
        yield skip == tokens.size() ? null : new GenerationEvent.PromptLogprobs(tokens.subList(skip, tokens.size()));
      }
      case GenerationEvent.Text(String text, List<TokenLogprobs> logprobs) -> {
        int skipText = skip(Channel.TEXT, text.length());
        int skipLogprobs = skip(Channel.LOGPROBS, logprobs.size());
        if (skipText == 0 && skipLogprobs == 0) {
          yield event;
        }
        boolean nothing = skipText == text.length() && skipLogprobs == logprobs.size();
        yield nothing
            ? null
            : new GenerationEvent.Text(text.substring(skipText), logprobs.subList(skipLogprobs, logprobs.size()));
      }
      case GenerationEvent.Reasoning(String text) -> {
        int skip = skip(Channel.REASONING, text.length());
        yield skip == text.length() && skip > 0 ? null : new GenerationEvent.Reasoning(text.substring(skip));
      }
      case GenerationEvent.ToolCallStarted _ -> skip(Channel.CALLS, 1) > 0 ? null : event;
      case GenerationEvent.ToolCallArguments(int index, String json) -> {
        int skip = skip(Channel.ARGUMENTS, json.length());
        yield skip == json.length() && skip > 0
            ? null
            : new GenerationEvent.ToolCallArguments(index, json.substring(skip));
      }
      case GenerationEvent.Finished _ -> event;
    };
  }

  /** Counts what arrives, and returns how much of it the reader has already. */
  private int skip(Channel channel, int length) {
    int i = channel.ordinal();
    int skipped = (int) Math.min(length, total[i] - seen[i]);
    seen[i] += length;
    total[i] = Math.max(total[i], seen[i]);
    return skipped;
  }
}
