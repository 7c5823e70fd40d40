package io.panallama.grpc;

import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.panallama.server.SharedServer;
import io.panallama.server.SharedServer.Refusal;
import java.util.Locale;
import java.util.Map;

/**
 * How a call fails: the status for a failure of the server, and trailers for programs. Immutable.
 *
 * @param code the word of docs/server.md; empty if the status says enough
 */
record CallFailure(Status status, String code, Metadata trailers) {
  private static final System.Logger LOGGER = System.getLogger(CallFailure.class.getName());

  /** The trailer with the {@link #code}. */
  static final Metadata.Key<String> CODE = Metadata.Key.of("panallama-code", Metadata.ASCII_STRING_MARSHALLER);

  /** When to try again, as gRPC's clients with a retry policy understand it. */
  static final Metadata.Key<String> PUSHBACK =
      Metadata.Key.of("grpc-retry-pushback-ms", Metadata.ASCII_STRING_MARSHALLER);

  /** The names of fields that are not those of the core in another spelling. */
  private static final Map<String, String> NAMES =
      Map.of("messages", "conversation.messages", "stops", "stop", "format", "json_schema or grammar");

  /** The failure for an exception. A fault of the server is logged. */
  static CallFailure of(Throwable failure) {
    if (failure instanceof StatusRuntimeException already) {
      return new CallFailure(already.getStatus(), "", new Metadata());
    }
    Refusal refusal = SharedServer.refusal(failure, CallFailure::wireName);
    if (refusal.fault()) {
      LOGGER.log(System.Logger.Level.ERROR, "A call of gRPC failed: " + refusal.message(), failure);
    }
    Metadata trailers = new Metadata();
    String code = refusal.code() == null ? "" : refusal.code();
    if (!code.isEmpty()) {
      trailers.put(CODE, code);
    }
    refusal.retryAfter().ifPresent(after -> trailers.put(PUSHBACK, Long.toString(after.toMillis())));
    return new CallFailure(status(refusal.status()).withDescription(refusal.message()), code, trailers);
  }

  private static Status status(int http) {
    return switch (http) {
      case 400 -> Status.INVALID_ARGUMENT;
      case 401 -> Status.UNAUTHENTICATED;
      case 403 -> Status.PERMISSION_DENIED;
      case 404 -> Status.NOT_FOUND;
      case 413, 429 -> Status.RESOURCE_EXHAUSTED;
      case 501 -> Status.UNIMPLEMENTED;
      case 503 -> Status.UNAVAILABLE;
      default -> Status.INTERNAL;
    };
  }

  /** A field of the core as the proto file spells it. */
  private static String wireName(String javaPath) {
    String name = NAMES.getOrDefault(javaPath, javaPath);
    return name.replaceAll("([a-z])([A-Z])", "$1_$2").toLowerCase(Locale.ROOT);
  }
}
