package io.panallama.server.registry;

import static io.panallama.error.InvalidRequestException.name;

import io.panallama.chat.Tool;
import io.panallama.error.InvalidRequestException;
import io.panallama.request.ChatRequest;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import io.panallama.request.ResponseFormat;
import io.panallama.sampling.Sampler;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Optional;

/**
 * How large the parts of a request may be that cost more than their bytes, and how long it may take. Immutable.
 *
 * @param messages the most messages of a conversation, and the most tool calls in them: a template writes each like a message
 * @param grammarBytes the most bytes of UTF-8 of a grammar, of a schema, and of the names and schemas of all tools
 *     together, where each tool counts for 64 more
 * @param time from when it is queued to the end of its answer; empty for no limit
 */
public record RequestLimits(int messages, int grammarBytes, Optional<Duration> time) {
  /** What a tool costs without a name and parameters. */
  private static final int BYTES_OF_TOOL = 64;

  /** Limits that nothing exceeds. */
  public static final RequestLimits NONE = new RequestLimits(Integer.MAX_VALUE, Integer.MAX_VALUE, Optional.empty());

  /** How many contexts an answer may fill that shifts its context; Ollama has the same limit. */
  private static final int SHIFTED_CONTEXTS = 10;

  /** The request with a limit to its answer if it shifts its context. */
  static GenerationRequest bounded(GenerationRequest request, int contextSize) {
    GenerationOptions options = request.options();
    int limit = (int) Math.min(Integer.MAX_VALUE, (long) SHIFTED_CONTEXTS * contextSize);
    boolean unbounded = options.overflow() instanceof ContextOverflow.Shift && options.maxTokens() > limit;
    return unbounded ? request.with(options.toBuilder().maxTokens(limit).build()) : request;
  }

  /** Whether the server's time limit is less than the request's own, if it has one. */
  boolean limitTime(GenerationOptions options) {
    return time.isPresent() && options.timeLimit().map(own -> own.compareTo(time.get()) > 0).orElse(true);
  }

  /**
   * Checks a request.
   *
   * @throws InvalidRequestException if a part of it is too large; the message says which, and what is allowed
   */
  void check(GenerationRequest request) {
    if (request instanceof ChatRequest chat) {
      checkMessages(chat.messages().size(), "messages");
      checkMessages(chat.messages().stream().mapToInt(message -> message.toolCalls().size()).sum(), "tool calls");
      long bytes = 0;
      for (Tool tool : chat.tools().list()) {
        bytes += BYTES_OF_TOOL + tool.name().length() + bytes(tool.parameters());
      }
      checkGrammar("tools.list", "the schemas of the tools have", bytes);
    }
    GenerationOptions options = request.options();
    switch (options.format()) {
      case ResponseFormat.JsonSchema schema -> checkGrammar("format", "the schema has", bytes(schema.schema()));
      case ResponseFormat.Gbnf gbnf -> checkGrammar("format", "the grammar has", bytes(gbnf.grammar()));
      case ResponseFormat.Text _, ResponseFormat.JsonObject _ -> {}
    }
    for (Sampler stage : options.sampling().chain()) {
      switch (stage) {
        case Sampler.Grammar grammar -> checkGrammar("sampling.grammar", "the grammar has", bytes(grammar.gbnf()));
        case Sampler.LazyGrammar grammar -> checkGrammar("sampling.grammar", "the grammar has", bytes(grammar.gbnf()));
        default -> {}
      }
    }
  }

  private void checkMessages(int count, String what) {
    if (count > messages) {
      throw new InvalidRequestException(
          "messages",
          name("messages")
              + " has "
              + count
              + " "
              + what
              + "; this server takes at most "
              + messages
              + ". Leave out the oldest ones, or start the server with a larger --max-messages.");
    }
  }

  private void checkGrammar(String field, String what, long bytes) {
    if (bytes > grammarBytes) {
      throw new InvalidRequestException(
          field,
          name(field)
              + ": "
              + what
              + " "
              + bytes
              + " bytes; this server takes at most "
              + grammarBytes
              + ". Simplify what is asked for, or start the server with a larger --max-grammar.");
    }
  }

  private static int bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8).length;
  }
}
