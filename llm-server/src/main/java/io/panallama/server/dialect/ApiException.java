package io.panallama.server.dialect;

import io.panallama.server.keys.Quota;
import io.panallama.server.keys.Role;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * A request that ends in an error, with all that any dialect's answer needs.
 *
 * <p>Its fields are named as the client named them: readers of bodies throw it with the names of their dialect, and {@link
 * Failures} translates those of the core.
 */
public final class ApiException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final int status;
  private final @Nullable String param;
  private final @Nullable String code;
  private final @Nullable Duration retryAfter;
  private final boolean fault;

  /** Serializable, as an exception's fields should be. */
  private final LinkedHashMap<String, Long> numbers = new LinkedHashMap<>();

  private ApiException(
      int status,
      String message,
      @Nullable String param,
      @Nullable String code,
      @Nullable Duration retryAfter,
      boolean fault,
      @Nullable Throwable cause) {
    super(message, cause, false, false);
    this.status = status;
    this.param = param;
    this.code = code;
    this.retryAfter = retryAfter;
    this.fault = fault;
  }

  /** 400: a field that is wrong. */
  public static ApiException invalid(@Nullable String param, String message) {
    return invalid(400, param, null, message);
  }

  /** A mistake in the request with a status of its own. */
  public static ApiException invalid(int status, @Nullable String param, @Nullable String code, String message) {
    return new ApiException(status, message, param, code, null, false, null);
  }

  /** 400: a field that the API defines and this server does not support. */
  public static ApiException unsupported(String param, String what) {
    return invalid(400, param, "unsupported_parameter", what + " is not supported by this version.");
  }

  /** The code of {@link #missingKey}. */
  public static final String MISSING_KEY = "missing_api_key";

  /** The code of {@link #wrongKey}. */
  public static final String WRONG_KEY = "invalid_api_key";

  /** 401: the request brings no key. */
  public static ApiException missingKey() {
    return invalid(
        401,
        null,
        MISSING_KEY,
        "You didn't provide an API key. Send the server's in the header Authorization (Authorization: Bearer YOUR_KEY)"
            + " or x-api-key.");
  }

  /** 401: what the request brings is none of the server's keys. It is not repeated, so that no log has it. */
  public static ApiException wrongKey() {
    return invalid(401, null, WRONG_KEY, "Incorrect API key provided. Use one that the server was started with.");
  }

  /** 400: a request has a header with a key several times, and each time another. */
  public static ApiException severalKeys(String header) {
    return invalid(
        400,
        null,
        "several_api_keys",
        "The request has the header " + header + " several times with different values. Send it once, with one key.");
  }

  /**
   * 401: the key was one of the server's.
   *
   * @param id the key's id, which is no secret
   * @param revoked whether it was revoked; otherwise it has expired
   */
  public static ApiException endedKey(String id, boolean revoked) {
    return invalid(
        401,
        null,
        revoked ? "revoked_api_key" : "expired_api_key",
        "The API key "
            + id
            + (revoked ? " was revoked." : " has expired.")
            + " Ask the server's operator for another.");
  }

  /**
   * 401: the token of an issuer of OpenID Connect is not taken.
   *
   * @param why as a sentence, without anything of the token
   */
  public static ApiException refusedToken(String why) {
    return invalid(401, null, "invalid_token", "The access token was refused. " + why);
  }

  /** 503: the issuer's keys can't be fetched, so that no token can be checked. */
  public static ApiException issuerUnavailable(Throwable cause) {
    return passing(
        503,
        "issuer_unavailable",
        "The access token can't be checked now, since its issuer does not answer. Try again.",
        Duration.ofSeconds(5),
        cause);
  }

  /**
   * 403: the key is not for this route.
   *
   * @param id the key's id, which is no secret
   * @param needed the roles of which it needs one
   */
  public static ApiException roleNeeded(String id, Set<Role> needed) {
    String names = needed.stream().sorted().map(Role::wireName).collect(Collectors.joining(" or "));
    return invalid(
        403,
        null,
        "insufficient_permissions",
        "You have insufficient permissions for this operation. Missing role: "
            + names
            + ". Use another key than "
            + id
            + ", or ask the server's operator for one.");
  }

  /**
   * 429: the key is beyond one of its limits.
   *
   * @param id the key's id, which is no secret
   */
  public static ApiException rateLimited(String id, Quota by, Duration retryAfter) {
    String what =
        switch (by.kind()) {
          case REQUESTS_PER_MINUTE -> "requests per minute (RPM)";
          case CONCURRENT_REQUESTS -> "concurrent requests";
          case TOKENS_PER_MINUTE -> "tokens per minute (TPM)";
          case TOKENS_PER_DAY -> "tokens per day (TPD)";
        };
    long seconds = Math.max(1, retryAfter.plusNanos(999_999_999).toSeconds());
    String text =
        "Rate limit reached for the key "
            + id
            + " on "
            + what
            + ": Limit "
            + by.limit()
            + ". Please try again in "
            + seconds
            + "s.";
    return passing(429, RATE_LIMITED, text, retryAfter, null);
  }

  /** The code of {@link #rateLimited}. */
  public static final String RATE_LIMITED = "rate_limit_exceeded";

  /** 503: too many large bodies are being read. */
  public static ApiException tooManyLargeBodies() {
    return passing(
        503,
        "too_many_large_bodies",
        "The server has no memory left for another large body, and has not had any for a while. Try again, or send less"
            + " at once.",
        Duration.ofSeconds(2),
        null);
  }

  /** A temporary error: the same request may succeed after {@code retryAfter}. */
  static ApiException passing(int status, String code, String message, Duration retryAfter, @Nullable Throwable cause) {
    return new ApiException(status, message, null, code, retryAfter, false, cause);
  }

  /** An error that the request does not cause and that a retry does not fix. */
  static ApiException lasting(int status, String code, String message, boolean fault, Throwable cause) {
    return new ApiException(status, message, null, code, null, fault, cause);
  }

  /** The same with a number that a program can read. */
  ApiException with(String name, long number) {
    ApiException more = new ApiException(status, text(), param, code, retryAfter, fault, getCause());
    more.numbers.putAll(numbers);
    more.numbers.put(name, number);
    return more;
  }

  /** The numbers of the message by the names that clients know; often none. */
  public Map<String, Long> numbers() {
    return Collections.unmodifiableMap(numbers);
  }

  /** The message for the client. */
  public String text() {
    return String.valueOf(getMessage());
  }

  /** The HTTP status. */
  public int status() {
    return status;
  }

  /** The field that is wrong; null if it is not about one. */
  public @Nullable String param() {
    return param;
  }

  /** A machine-readable word for what happened; null if the status says enough. */
  public @Nullable String code() {
    return code;
  }

  /** Whole seconds for the {@code Retry-After} header, at least 1; 0 for none. */
  public long retryAfterSeconds() {
    return retryAfter == null ? 0 : Math.max(1, retryAfter.plusNanos(999_999_999).toSeconds());
  }

  /** Whether this is a fault of the server that must be logged for its operator. */
  public boolean isFault() {
    return fault;
  }
}
