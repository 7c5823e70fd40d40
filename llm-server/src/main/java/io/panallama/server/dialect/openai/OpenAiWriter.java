package io.panallama.server.dialect.openai;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.chat.ToolCall;
import io.panallama.generation.Completion;
import io.panallama.generation.FinishReason;
import io.panallama.generation.GenerationEvent;
import io.panallama.generation.PromptProgress;
import io.panallama.generation.TokenLogprobs;
import io.panallama.search.answer.Citation;
import io.panallama.search.answer.CitationReader;
import io.panallama.search.answer.Sources;
import io.panallama.server.dialect.EventWriter;
import io.panallama.server.dialect.Frames;
import io.panallama.server.dialect.fields.Fingerprint;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.Telemetry;
import io.panallama.server.dialect.fields.UsageFields;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/**
 * Writes an answer in OpenAI's shapes.
 *
 * <p>All chunks of an answer are the same except for their text, so what surrounds it is encoded once: a token costs no
 * more than escaping its text.
 *
 * <p>Besides OpenAI's fields, the end carries {@code timings} under llama-server's names, a {@link FinishDetail} next
 * to {@code finish_reason} where a limit was reached, and {@code discarded_tokens} in the usage where the context was
 * shifted.
 *
 * <p>Where files were searched, a message has the citations of its text as {@code annotations}; in a stream the last chunk before
 * the end has them.
 */
public final class OpenAiWriter implements EventWriter {
  /** The data of the event that ends every complete stream. */
  private static final byte[] DONE = "[DONE]".getBytes(StandardCharsets.US_ASCII);

  /** A text that no escaping changes and that occurs nowhere else, for cutting a chunk in two. */
  private static final String MARK = "@TEXT@";

  /**
   * The parts of an answer that depend on the request.
   *
   * @param chat whether it has the shape of {@code /v1/chat/completions}, not that of {@code /v1/completions}
   * @param includeUsage whether the stream ends with a chunk of token counts
   * @param topLogprobs how many alternatives to give with each token's log-probability
   * @param hidesReasoning whether the reasoning is left out
   * @param calls the form of tool calls
   * @param echoes the beginnings of the texts of each request's choices: the prompt, or empty
   * @param scoredEcho whether those come with the log-probabilities of their tokens
   * @param promptLogprobs whether a whole answer has vLLM's {@code prompt_logprobs}
   * @param choices how many choices each request has
   * @param telemetry what a stream tells of its speed
   */
  public record Format(
      boolean chat,
      boolean includeUsage,
      int topLogprobs,
      boolean hidesReasoning,
      ChatDelta.Calls calls,
      List<String> echoes,
      boolean scoredEcho,
      boolean promptLogprobs,
      int choices,
      Telemetry.Wanted telemetry) {
    /** All components are required. */
    public Format {
      echoes = List.copyOf(echoes);
    }
  }

  private final Format format;
  private final IntFunction<byte[]> tokenBytes;
  private final @Nullable String prompt;
  private final String model;
  private final String id;
  private final long created;
  private final int index;

  /** What the answer may cite; null if no files were searched. */
  private final @Nullable Sources sources;

  /** Of a stream. */
  private final @Nullable CitationReader citationReader;

  private final List<Citation> citations = new ArrayList<>();

  /** Of a stream whose calls are written whole. */
  private final ToolCallPieces pieces = new ToolCallPieces();

  /** For a stream, whose offsets go on from chunk to chunk. */
  private final LegacyLogprobs legacyLogprobs;

  /** Whether the text that is repeated was written to a stream. */
  private boolean promptBegan;

  private final Telemetry telemetry;
  private final byte[] beforeText;
  private final byte[] afterText;

  private OpenAiWriter(
      Format format,
      String model,
      IntFunction<byte[]> tokenBytes,
      @Nullable String prompt,
      String id,
      long created,
      int index,
      @Nullable Sources sources) {
    this.sources = sources;
    this.citationReader = sources == null ? null : sources.reader();
    this.prompt = prompt;
    this.format = format;
    this.model = model;
    this.tokenBytes = tokenBytes;
    this.id = id;
    this.created = created;
    this.index = index;
    this.telemetry = new Telemetry(format.telemetry());
    this.legacyLogprobs = legacyLogprobs();
    String chunk = new String(chunk(MARK), StandardCharsets.UTF_8);
    int text = chunk.lastIndexOf(MARK);
    this.beforeText = chunk.substring(0, text).getBytes(StandardCharsets.UTF_8);
    this.afterText = chunk.substring(text + MARK.length()).getBytes(StandardCharsets.UTF_8);
  }

  /**
   * The writer of choice 0 of an answer.
   *
   * @param tokenBytes gives the bytes of a token of the model
   * @param prompt shown in the answer as {@code __verbose}; null if it is not
   */
  public static OpenAiWriter of(Format format, String model, IntFunction<byte[]> tokenBytes, @Nullable String prompt) {
    String id = (format.chat() ? "chatcmpl-" : "cmpl-") + UUID.randomUUID().toString().replace("-", "");
    return new OpenAiWriter(format, model, tokenBytes, prompt, id, Instant.now().getEpochSecond(), 0, null);
  }

  /** The same writer for a chat whose answers may cite these. */
  OpenAiWriter citing(Sources cited) {
    return new OpenAiWriter(format, model, tokenBytes, prompt, id, created, index, cited);
  }

  @Override
  public OpenAiWriter choice(int newIndex) {
    return new OpenAiWriter(format, model, tokenBytes, prompt, id, created, newIndex, sources);
  }

  private String echo() {
    return echo(index);
  }

  private String echo(int choice) {
    return format.echoes().isEmpty() ? "" : format.echoes().get(choice / format.choices());
  }

  private LegacyLogprobs legacyLogprobs() {
    String echo = echo();
    return new LegacyLogprobs(format.topLogprobs(), tokenBytes, echo.codePointCount(0, echo.length()));
  }

  @Override
  public String id() {
    return id;
  }

  /** The role of a chat, or the text that is to be repeated. */
  @Override
  public void begin(Frames out) throws IOException {
    if (format.chat()) {
      out.data(chunk(OpenAiWriter::role));
    } else if (!echo().isEmpty() && !format.scoredEcho()) {
      out.data(chunk(echo()));
    }
  }

  /** The text that is repeated comes with the log-probabilities of its first tokens. */
  private void prompt(List<TokenLogprobs> tokens, Frames out) throws IOException {
    if (format.scoredEcho()) {
      String text = promptBegan ? "" : echo();
      promptBegan = true;
      out.data(
          chunk(json -> delta(json, text), json -> legacyLogprobs.write(json, tokens, List.of()), null, json -> {}));
    }
  }

  @Override
  public boolean wantsPromptProgress() {
    return telemetry.wantsPrompt();
  }

  @Override
  public void promptProgress(PromptProgress state, Frames out) throws IOException {
    if (telemetry.take(state)) {
      out.data(chunk(json -> delta(json, null), List.of(), null, telemetry::progress));
    }
  }

  @Override
  public void event(GenerationEvent event, Frames out) throws IOException {
    telemetry.take(event);
    if (citationReader != null && event instanceof GenerationEvent.Text piece) {
      citations.addAll(citationReader.next(piece.text()));
    }
    if (format.calls() == ChatDelta.Calls.WHOLE) {
      pieces.take(event);
    }
    switch (event) {
      case GenerationEvent.PromptLogprobs prompt -> prompt(prompt.tokens(), out);
      case GenerationEvent.Text piece when piece.logprobs().isEmpty() && !telemetry.wantsTimings() ->
          text(Json.escape(piece.text()), out);
      case GenerationEvent.Text piece when piece.text().isEmpty() && piece.logprobs().isEmpty() -> {}
      case GenerationEvent.Text piece -> out.data(chunk(json -> delta(json, piece.text()), piece.logprobs(), null));
      case GenerationEvent.Reasoning _ when format.hidesReasoning() -> {}
      case GenerationEvent.Reasoning piece -> out.data(chunk(json -> ChatDelta.reasoning(json, piece)));
      case GenerationEvent.ToolCallStarted _ when format.calls() == ChatDelta.Calls.WHOLE -> {}
      case GenerationEvent.ToolCallArguments _ when format.calls() == ChatDelta.Calls.WHOLE -> {}
      case GenerationEvent.ToolCallStarted call ->
          out.data(chunk(json -> ChatDelta.started(json, call, format.calls())));
      case GenerationEvent.ToolCallArguments piece ->
          out.data(chunk(json -> ChatDelta.arguments(json, piece, format.calls())));
      case GenerationEvent.Finished end -> {
        if (!citations.isEmpty()) {
          out.data(chunk(json -> ChatDelta.annotations(json, citations)));
        }
        List<ToolCallPieces.Whole> calls = pieces.calls();
        out.data(chunk(json -> lastDelta(json, calls), List.of(), end));
      }
    }
  }

  /**
   * Writes a chunk of plain text.
   *
   * @param escaped as {@link Json#escape} gives it
   * @throws IOException if the client has left
   */
  public void text(byte[] escaped, Frames out) throws IOException {
    if (escaped.length > 0) {
      out.data(beforeText, escaped, afterText);
    }
  }

  /** The token counts, if they are wanted, and {@code [DONE]}. */
  @Override
  public void end(List<GenerationEvent.Finished> ends, Frames out) throws IOException {
    if (format.includeUsage()) {
      out.data(
          Json.object(json -> {
            head(json, true);
            json.writeArrayFieldStart("choices");
            json.writeEndArray();
            UsageFields.usage(json, UsageFields.together(ends, format.choices()));
          }));
    }
    out.data(DONE);
  }

  @Override
  public byte[] whole(List<Completion> answers) {
    List<GenerationEvent.Finished> ends = answers.stream().map(UsageFields::end).toList();
    return Json.object(json -> {
      head(json, false);
      json.writeArrayFieldStart("choices");
      for (int choice = 0; choice < answers.size(); choice++) {
        json.writeStartObject();
        json.writeNumberField("index", choice);
        choice(choice).whole(json, answers.get(choice));
        finish(json, ends.get(choice).reason());
        json.writeEndObject();
      }
      json.writeEndArray();
      if (format.promptLogprobs() && format.chat()) {
        PromptLogprobs.write(json, answers.getFirst().promptLogprobs(), tokenBytes);
      }
      UsageFields.usage(json, UsageFields.together(ends, format.choices()));
      UsageFields.timings(json, ends, format.choices());
      verbose(json, ends.getFirst(), answers.getFirst().text());
    });
  }

  /** What llama-server adds for debugging: the answer before it is given OpenAI's shape, with its prompt. */
  private void verbose(JsonGenerator json, GenerationEvent.Finished end, @Nullable String text) throws IOException {
    if (prompt == null) {
      return;
    }
    json.writeObjectFieldStart("__verbose");
    json.writeNumberField("index", index);
    if (text != null) {
      json.writeStringField("content", text);
    }
    json.writeStringField("model", model);
    json.writeNumberField("tokens_predicted", end.usage().completionTokens());
    json.writeNumberField("tokens_evaluated", end.usage().promptTokens());
    json.writeNumberField("tokens_cached", end.usage().cachedTokens());
    json.writeStringField("prompt", prompt);
    json.writeStringField("stopping_word", end.stopText());
    json.writeEndObject();
  }

  private void whole(JsonGenerator json, Completion answer) throws IOException {
    if (format.chat()) {
      message(json, answer);
    } else {
      json.writeStringField("text", echo() + answer.text());
    }
    if (format.scoredEcho() && !answer.promptLogprobs().isEmpty()) {
      legacyLogprobs().write(json, answer.promptLogprobs(), answer.logprobs());
    } else {
      logprobs(json, answer.logprobs(), legacyLogprobs());
    }
    if (format.promptLogprobs() && !format.chat()) {
      PromptLogprobs.write(json, answer.promptLogprobs(), tokenBytes);
    }
  }

  private void message(JsonGenerator json, Completion answer) throws IOException {
    List<ToolCall> calls = answer.toolCalls();
    json.writeObjectFieldStart("message");
    json.writeStringField("role", "assistant");
    json.writeStringField("content", answer.text().isEmpty() && !calls.isEmpty() ? null : answer.text());
    if (!answer.reasoning().isEmpty() && !format.hidesReasoning()) {
      json.writeStringField("reasoning_content", answer.reasoning());
    }
    if (!calls.isEmpty()) {
      ChatDelta.toolCalls(json, calls, format.calls());
    }
    json.writeNullField("refusal");
    if (sources != null) {
      ChatDelta.annotations(json, sources.citations(answer.text()));
    }
    json.writeEndObject();
  }

  private void logprobs(JsonGenerator json, List<TokenLogprobs> tokens, LegacyLogprobs legacy) throws IOException {
    if (tokens.isEmpty()) {
      json.writeNullField("logprobs");
    } else if (format.chat()) {
      ChatDelta.logprobs(json, tokens, format.topLogprobs(), tokenBytes);
    } else {
      legacy.write(json, List.of(), tokens);
    }
  }

  private byte[] chunk(String text) {
    return chunk(json -> delta(json, text), List.of(), null);
  }

  private byte[] chunk(Json.Fields delta) {
    Json.Fields inside =
        json -> {
          json.writeObjectFieldStart("delta");
          delta.writeTo(json);
          json.writeEndObject();
        };
    return chunk(inside, List.of(), null);
  }

  private byte[] chunk(Json.Fields delta, List<TokenLogprobs> tokens, GenerationEvent.@Nullable Finished end) {
    return chunk(delta, tokens, end, json -> {});
  }

  private byte[] chunk(
      Json.Fields delta, List<TokenLogprobs> tokens, GenerationEvent.@Nullable Finished end, Json.Fields more) {
    return chunk(delta, json -> logprobs(json, tokens, legacyLogprobs), end, more);
  }

  private byte[] chunk(
      Json.Fields delta, Json.Fields logprobs, GenerationEvent.@Nullable Finished end, Json.Fields more) {
    return Json.object(json -> {
      head(json, true);
      json.writeArrayFieldStart("choices");
      json.writeStartObject();
      json.writeNumberField("index", index);
      delta.writeTo(json);
      logprobs.writeTo(json);
      if (end == null) {
        json.writeNullField("finish_reason");
      } else {
        finish(json, end.reason());
      }
      json.writeEndObject();
      json.writeEndArray();
      if (format.includeUsage()) {
        json.writeNullField("usage");
      }
      if (end != null) {
        if (format.calls() == ChatDelta.Calls.WHOLE && !format.includeUsage()) {
          // As Mistral's API does it, whose clients don't ask. Other clients would count it twice.
          UsageFields.usage(json, end.usage());
        }
        UsageFields.timings(json, List.of(end), 1);
        verbose(json, end, null);
      } else {
        telemetry.timings(json);
      }
      more.writeTo(json);
    });
  }

  /** There is no text yet, and where a call comes first there will be none: clients make a part of an empty text. */
  private static void role(JsonGenerator json) throws IOException {
    json.writeStringField("role", "assistant");
    json.writeNullField("content");
  }

  private void lastDelta(JsonGenerator json, List<ToolCallPieces.Whole> calls) throws IOException {
    if (calls.isEmpty()) {
      delta(json, null);
      return;
    }
    json.writeObjectFieldStart("delta");
    ChatDelta.whole(json, calls);
    json.writeEndObject();
  }

  private void delta(JsonGenerator json, @Nullable String text) throws IOException {
    if (!format.chat()) {
      json.writeStringField("text", text == null ? "" : text);
      return;
    }
    json.writeObjectFieldStart("delta");
    if (text != null) {
      json.writeStringField("content", text);
    }
    json.writeEndObject();
  }

  private void head(JsonGenerator json, boolean chunk) throws IOException {
    String chatObject = chunk ? "chat.completion.chunk" : "chat.completion";
    json.writeStringField("id", id);
    json.writeStringField("object", format.chat() ? chatObject : "text_completion");
    json.writeNumberField("created", created);
    json.writeStringField("model", model);
    json.writeStringField("system_fingerprint", Fingerprint.value());
  }

  private void finish(JsonGenerator json, FinishReason reason) throws IOException {
    json.writeStringField("finish_reason", wireName(reason));
    Optional<String> detail = FinishDetail.of(reason);
    if (detail.isPresent()) {
      json.writeStringField(FinishDetail.FIELD, detail.get());
    }
  }

  private String wireName(FinishReason reason) {
    return switch (reason) {
      case STOP, STOP_TEXT -> "stop";
      case TOOL_CALLS -> format.calls() == ChatDelta.Calls.OLDER ? "function_call" : "tool_calls";
      case LENGTH, CONTEXT_FULL, TIME_LIMIT -> "length";
      case CANCELLED -> throw new IllegalArgumentException("A cancelled generation has no answer.");
    };
  }
}
