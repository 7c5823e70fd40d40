package io.panallama.server.wire;

import io.panallama.error.EngineBusyException;
import io.panallama.error.GenerationException;
import io.panallama.error.InfillNotSupportedException;
import io.panallama.error.InvalidRequestException;
import io.panallama.error.PromptTooLongException;
import io.panallama.server.ServedModel;
import java.time.Duration;
import org.jspecify.annotations.Nullable;

/** A request that ends in an error, with everything its OpenAI-shaped answer needs. */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** OpenAI's {@code type} of an error. */
  public enum Type {
    INVALID_REQUEST("invalid_request_error"),
    RATE_LIMIT("rate_limit_error"),
    SERVER("server_error");

    private final String wireName;

    Type(String wireName) {
      this.wireName = wireName;
    }

    public String wireName() {
      return wireName;
    }
  }

  private final int status;
  private final Type type;
  private final @Nullable String param;
  private final @Nullable String code;
  private final @Nullable Duration retryAfter;

  private ApiException(
      int status,
      Type type,
      String message,
      @Nullable String param,
      @Nullable String code,
      @Nullable Duration retryAfter,
      @Nullable Throwable cause) {
    super(message, cause, false, false);
    this.status = status;
    this.type = type;
    this.param = param;
    this.code = code;
    this.retryAfter = retryAfter;
  }

  /** 400: a field that is wrong. */
  public static ApiException invalid(@Nullable String param, String message) {
    return invalid(400, param, null, message);
  }

  /** A fault of the request with a status of its own. */
  public static ApiException invalid(int status, @Nullable String param, @Nullable String code, String message) {
    return new ApiException(status, Type.INVALID_REQUEST, message, param, code, null, null);
  }

  /** 400: a field that OpenAI knows and this server doesn't carry out. */
  public static ApiException unsupported(String param, String what) {
    return invalid(400, param, "unsupported_parameter", what + " is not supported by this version.");
  }

  /** 404: a model that is not served. */
  public static ApiException modelNotFound(String name, ServedModel model) {
    return invalid(
        404,
        "model",
        "model_not_found",
        "The model \"" + name + "\" is not served here; use \"" + model.id() + "\" or \"default\".");
  }

  /** 503: no model yet, or no longer. */
  public static ApiException notReady(String message) {
    return new ApiException(503, Type.SERVER, message, null, "not_ready", Duration.ofSeconds(1), null);
  }

  /** What a failure of the engine or of a request's own code means to the client. */
  public static ApiException of(Throwable failure) {
    return switch (failure) {
      case ApiException already -> already;
      case PromptTooLongException tooLong ->
          invalid(400, tooLong.parameter(), "context_length_exceeded", text(tooLong));
      case InfillNotSupportedException noTokens -> invalid(400, null, "infill_not_supported", text(noTokens));
      case InvalidRequestException invalid -> ServiceFields.refusal(invalid);
      case EngineBusyException busy ->
          new ApiException(429, Type.RATE_LIMIT, text(busy), null, "queue_full", busy.retryAfter(), busy);
      case GenerationException ended when ended.reason() != GenerationException.Reason.DECODE_FAILED ->
          notReady("The server is shutting down.");
      case GenerationException failed ->
          new ApiException(500, Type.SERVER, text(failed), null, "generation_failed", null, failed);
      default ->
          new ApiException(
              500, Type.SERVER, "The server failed; its log says more.", null, "internal_error", null, failure);
    };
  }

  private static String text(Throwable failure) {
    return String.valueOf(failure.getMessage());
  }

  /** The message for the client. */
  public String text() {
    return text(this);
  }

  public int status() {
    return status;
  }

  public Type type() {
    return type;
  }

  public @Nullable String param() {
    return param;
  }

  public @Nullable String code() {
    return code;
  }

  /** Whole seconds for the {@code Retry-After} header, at least 1; 0 for none. */
  public long retryAfterSeconds() {
    return retryAfter == null ? 0 : Math.max(1, retryAfter.plusNanos(999_999_999).toSeconds());
  }
}
