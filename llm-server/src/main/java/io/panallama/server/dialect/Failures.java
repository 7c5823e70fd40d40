package io.panallama.server.dialect;

import io.panallama.error.ChatTemplateException;
import io.panallama.error.EmbeddingException;
import io.panallama.error.EngineBusyException;
import io.panallama.error.EngineClosedException;
import io.panallama.error.EngineFailedException;
import io.panallama.error.GenerationException;
import io.panallama.error.InfillNotSupportedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PanallamaException;
import io.panallama.error.PromptTooLongException;
import io.panallama.error.TextTooLongException;
import io.panallama.search.error.SearchException;
import io.panallama.server.documents.LibraryException;
import io.panallama.server.multipart.MultipartException;
import io.panallama.server.registry.ModelUnavailableException;
import io.panallama.server.registry.UnknownModelException;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The status of every failure.
 *
 * <p>4xx is for failures that the request itself causes. 503 is for temporary ones: the same request may succeed later,
 * so the answer has a {@code Retry-After}. Every other failure is 500.
 */
public final class Failures {
  /** The code of requests for which the disk has no room. */
  public static final String DISK_FULL = "disk_full";

  /** What to do about a text that is too long where it is taken as a whole. */
  public static final String SHORTEN = "shorten it, or divide it";

  /** What to do about a text that is too long where a part of it may do. */
  public static final String TRUNCATE = "shorten it, or send \"truncate\": true to leave out its end";

  /** When to retry a request that fails only while a model is being loaded or replaced. */
  private static final Duration SOON = Duration.ofSeconds(1);

  /** Qualified names, exceptions, absolute paths of two segments or more, and lines of a stack. */
  private static final Pattern INTERNALS =
      Pattern.compile(
          "\\b(?:[a-z_][a-z0-9_]*\\.){2,}\\w|\\b\\w*(?:Exception|Error)\\b|(?<![\\w/])/[^\\s/]+/[^\\s]|\\b[A-Za-z]:\\\\"
              + "|\\R\\s*at ");

  /** llama.cpp's name for the stage that adds biases and forbids tokens. */
  private static final String BIAS = "the sampler 'logit-bias'";

  private static final String NOT_READY = "not_ready";
  private static final String DRAINING = "draining";
  private static final String OUT_OF_MEMORY = "out_of_memory";

  private Failures() {}

  /** The error that a client gets for a failure; {@code names} are its names of fields. */
  public static ApiException of(Throwable failure, FieldNames names) {
    return switch (failure) {
      case ApiException already -> already;
      case UnknownModelException unknown -> ApiException.invalid(404, "model", "model_not_found", text(unknown));
      case ModelUnavailableException unavailable -> unavailable(unavailable);
      case PromptTooLongException tooLong -> tooLong(tooLong, names.wireName(tooLong.parameter()));
      case TextTooLongException tooLong -> tooLong(tooLong, names.wireName(tooLong.parameter()));
      case InfillNotSupportedException noTokens ->
          ApiException.invalid(400, null, "infill_not_supported", text(noTokens));
      case ChatTemplateException template when template.isUnusable() ->
          ApiException.invalid(400, null, "chat_not_supported", text(template));
      case InvalidRequestException invalid -> refused(invalid, null, names);
      case EngineBusyException busy -> ApiException.passing(429, "queue_full", text(busy), busy.retryAfter(), busy);
      case GenerationException ended -> ended(ended, names);
      case EmbeddingException failed -> notEmbedded(failed);
      case LibraryException refused -> documents(refused);
      case SearchException failed -> search(failed);
      case MultipartException malformed -> ApiException.invalid(400, null, "invalid_multipart", text(malformed));
      case OutOfMemoryError none -> outOfHeap(none);
      case EngineClosedException closed ->
          ApiException.passing(503, "engine_closed", tellable(text(closed)), SOON, closed);
      case EngineFailedException failed ->
          ApiException.lasting(500, "engine_failed", tellable(text(failed)), true, failed);
      default -> ApiException.lasting(500, "internal_error", "The server failed; its log says more.", true, failure);
    };
  }

  /**
   * 400: a prompt that the context can't hold. The message begins as OpenAI's does, since agents look for its words to shorten
   * their conversation.
   *
   * @param param the field that has the prompt
   */
  public static ApiException tooLong(PromptTooLongException tooLong, String param) {
    String text =
        "This model's maximum context length is "
            + tooLong.contextSize()
            + " tokens. However, your "
            + param
            + " resulted in "
            + (tooLong.isExact() ? "" : "at least ")
            + tooLong.promptTokens()
            + " tokens, which leaves no room for an answer. Shorten the "
            + param
            + switch (tooLong.limit()) {
              case MODEL -> ": the model was trained for no more tokens, so a larger --ctx-size does not help.";
              case CONTEXT -> ", or start the server with a larger --ctx-size.";
              case SHARE -> ", or start the server with a larger --ctx-size or with fewer slots to share it.";
            };
    return ApiException.invalid(400, param, "context_length_exceeded", text)
        .with("n_prompt_tokens", tooLong.promptTokens())
        .with("n_ctx", tooLong.contextSize());
  }

  /**
   * 400: a text that the embedding model can't take.
   *
   * @param param the place of the text in the body
   */
  public static ApiException tooLong(TextTooLongException tooLong, String param) {
    return tooLong(tooLong, param, SHORTEN);
  }

  /**
   * 400: a text that the embedding model can't take.
   *
   * @param param the place of the text in the body
   * @param advice what to do, for the end of a sentence
   */
  public static ApiException tooLong(TextTooLongException tooLong, String param, String advice) {
    String text =
        "This model's maximum context length is "
            + tooLong.maxTokens()
            + " tokens. However, "
            + param
            + " has "
            + tooLong.tokens()
            + " tokens; "
            + advice
            + ".";
    return ApiException.invalid(400, param, "context_length_exceeded", text)
        .with("n_prompt_tokens", tooLong.tokens())
        .with("n_ctx", tooLong.maxTokens());
  }

  private static ApiException notEmbedded(EmbeddingException failed) {
    return switch (failed.reason()) {
      case INTERRUPTED -> shuttingDown(failed);
      case COMPUTE_FAILED, NOT_FINITE ->
          ApiException.lasting(500, "embedding_failed", tellable(text(failed)), true, failed);
      case ENGINE_KILLED -> ApiException.lasting(500, "engine_killed", tellable(memory(failed)), true, failed);
      case ENGINE_RESTARTING -> ApiException.passing(503, "engine_restarting", tellable(text(failed)), SOON, failed);
    };
  }

  private static ApiException documents(LibraryException failed) {
    return switch (failed.reason()) {
      case UNKNOWN_ID -> ApiException.invalid(404, null, null, text(failed));
      case INVALID -> ApiException.invalid(400, failed.parameter(), "invalid_value", text(failed));
      case EXPIRED -> ApiException.invalid(400, null, "vector_store_expired", text(failed));
      case FILE_TOO_LARGE -> ApiException.invalid(413, failed.parameter(), "file_too_large", text(failed));
      case LIBRARY_FULL -> ApiException.lasting(507, "storage_full", text(failed), false, failed);
      case BUSY -> ApiException.passing(429, "queue_full", text(failed), SOON, failed);
      case DISK_FULL -> diskFull(failed);
      case LOCKED, STORAGE -> ApiException.lasting(500, "storage_failed", tellable(text(failed)), true, failed);
      case CLOSED -> shuttingDown(failed);
    };
  }

  private static ApiException search(SearchException failed) {
    return switch (failed.reason()) {
      case INVALID_QUERY, INVALID_DOCUMENT -> ApiException.invalid(400, null, "invalid_value", text(failed));
      case DISK_FULL -> diskFull(failed);
      case INTERRUPTED -> shuttingDown(failed);
      default -> ApiException.lasting(500, "search_failed", tellable(text(failed)), true, failed);
    };
  }

  /** 507. A full disk is no fault of the program; it is logged with {@link #DISK_FULL} as what it is. */
  private static ApiException diskFull(PanallamaException failed) {
    return ApiException.lasting(507, DISK_FULL, tellable(text(failed)), false, failed);
  }

  /** 503: the server ends a request because it is being closed. */
  public static ApiException shuttingDown(@Nullable Throwable cause) {
    return ApiException.passing(503, DRAINING, "The server is shutting down.", SOON, cause);
  }

  /** 410: the operator cancelled a request that its client still waits for. Clients retry a 5xx by themselves, which is not wanted. */
  public static ApiException cancelled() {
    return ApiException.invalid(
        410, null, "cancelled_by_operator", "The request was cancelled by the operator of the server.");
  }

  /** 504: the server's limit of time was over before an answer began. */
  public static ApiException overdue() {
    return ApiException.invalid(
        504,
        null,
        "request_time_limit",
        "The time that this server allows for a request was over before its answer began. Try again when there is less"
            + " to do, or with a shorter prompt.");
  }

  /** 503, whatever the reason: the answer of {@code /ready}, which asks for the state and not for an answer. */
  public static ApiException notReady(ModelUnavailableException unavailable) {
    ApiException error = unavailable(unavailable);
    return error.status() == 503
        ? error
        : ApiException.lasting(503, String.valueOf(error.code()), error.text(), false, unavailable);
  }

  private static ApiException unavailable(ModelUnavailableException unavailable) {
    if (unavailable.reason() == ModelUnavailableException.Reason.NONE_GENERATES) {
      return ApiException.invalid(501, null, "generation_not_supported", text(unavailable));
    }
    String code =
        switch (unavailable.reason()) {
          case LOADING -> NOT_READY;
          case SHUTTING_DOWN -> DRAINING;
          case RESTARTING -> "engine_restarting";
          case ENGINE_CLOSED -> "engine_closed";
          case ENGINE_FAILED, NONE_GENERATES -> "engine_failed";
        };
    // The registry has logged the failure of the engine once, so it is not logged again for each request.
    return unavailable.reason().retriable()
        ? ApiException.passing(503, code, tellable(text(unavailable)), SOON, unavailable)
        : ApiException.lasting(500, code, tellable(text(unavailable)), false, unavailable);
  }

  private static ApiException refused(InvalidRequestException refused, @Nullable String code, FieldNames names) {
    return ApiException.invalid(400, names.path(refused.parameter()), code, refused.message(names::path));
  }

  private static ApiException ended(GenerationException ended, FieldNames names) {
    return switch (ended.reason()) {
      case ENGINE_CLOSED -> ApiException.passing(503, "engine_closed", tellable(text(ended)), SOON, ended);
      case INTERRUPTED -> shuttingDown(ended);
      // As with any other request that can't be served: no retry helps, and there is nothing to log.
      case NO_TOKEN_LEFT ->
          ApiException.invalid(
              400,
              null,
              "no_token_left",
              text(ended)
                  .replace(
                      BIAS, names.wireName("sampling.logitBias") + " or " + names.wireName("sampling.bannedTokens")));
      case GRAMMAR_LIMIT -> ApiException.invalid(400, null, "grammar_limit", text(ended));
      case DECODE_FAILED -> ApiException.lasting(500, "generation_failed", tellable(text(ended)), true, ended);
      case ENGINE_RESTARTING -> ApiException.passing(503, "engine_restarting", tellable(text(ended)), SOON, ended);
      // The engine's failure was logged once, so it is not logged again for each request.
      case ENGINE_FAILED -> ApiException.lasting(500, "engine_failed", tellable(text(ended)), false, ended);
      case ENGINE_KILLED -> ApiException.lasting(500, "engine_killed", tellable(memory(ended)), true, ended);
      case OUT_OF_MEMORY -> ApiException.passing(503, OUT_OF_MEMORY, tellable(memory(ended)), SOON, ended);
      case PROCESSOR_FAILED -> ApiException.lasting(500, "processor_failed", tellable(text(ended)), true, ended);
      // Malformed output is the model's fault and not the server's, so it is not logged.
      case MALFORMED_OUTPUT -> ApiException.lasting(500, "malformed_output", tellable(text(ended)), false, ended);
    };
  }

  /** The server's own memory, such as that for the bodies of requests. */
  private static ApiException outOfHeap(OutOfMemoryError none) {
    String text =
        "The server's Java heap, "
            + (Runtime.getRuntime().maxMemory() >> 20)
            + " MiB at most, ran out of memory for this request. Send a smaller request, or fewer at once, or start the"
            + " server with a larger heap (PANALLAMA_JAVA_OPTS=-Xmx4g).";
    return ApiException.passing(503, OUT_OF_MEMORY, text, SOON, none);
  }

  /** The message with the server's option in place of the library's. */
  private static String memory(PanallamaException ended) {
    return text(ended).replace("memoryBytes", "--worker-memory");
  }

  /**
   * A message of the core as far as it is a client's business: cut where it begins to name a class, a file of the server or a
   * line of a stack. The log has the whole.
   */
  private static String tellable(String message) {
    Matcher internals = INTERNALS.matcher(message);
    if (!internals.find()) {
      return message;
    }
    String before = message.substring(0, internals.start());
    int end = Math.max(before.lastIndexOf(". "), before.lastIndexOf(": "));
    String told = end < 0 ? "The server failed" : before.substring(0, end);
    // A label of what was cut off, such as the last word of "It ended. Report: /a/b", goes with it.
    int sentence = told.lastIndexOf(". ");
    if (sentence >= 0 && told.indexOf(' ', sentence + 2) < 0) {
      told = told.substring(0, sentence);
    }
    return told + "; the server's log says more.";
  }

  private static String text(Throwable failure) {
    return String.valueOf(failure.getMessage());
  }
}
