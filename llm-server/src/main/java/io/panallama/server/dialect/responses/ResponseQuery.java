package io.panallama.server.dialect.responses;

import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.JsonFields;
import java.util.List;
import java.util.Locale;

/** The query parameters of responses that are kept, and of their input items. */
final class ResponseQuery {
  /** OpenAI's default and maximum of {@code limit}. */
  private static final int PAGE = 20;

  private static final int MAX_PAGE = 100;

  private ResponseQuery() {}

  /**
   * A truth value; false if it is absent.
   *
   * @throws ApiException if it is something else
   */
  static boolean isTrue(ClientRequest request, String name) {
    String given = request.query(name).orElse("false");
    return switch (given.toLowerCase(Locale.ROOT)) {
      case "true", "1" -> true;
      case "false", "0" -> false;
      default -> throw wrong(name, given, "true or false");
    };
  }

  /**
   * The number of the event behind which a stream begins; -1 for all events.
   *
   * @throws ApiException if it is no such number
   */
  static int startingAfter(ClientRequest request, boolean stream) {
    String name = "starting_after";
    String given = request.query(name).orElse(null);
    if (given == null) {
      return -1;
    }
    if (!given.matches("\\d{1,9}")) {
      throw wrong(name, given, "the sequence number of an event, 0 or more");
    }
    if (!stream) {
      request.ignored().unsupported("?" + name, name + " has an effect only together with stream=true.");
    }
    return Integer.parseInt(given);
  }

  /** What a response includes was decided when it was made. */
  static void readInclude(ClientRequest request) {
    for (String name : List.of("include", "include[]")) {
      String given = request.query(name).orElse("reasoning.encrypted_content");
      // The reasoning is in the item itself, so clients that keep no state have it without a sealed form.
      if (!given.equals("reasoning.encrypted_content")) {
        request
            .ignored()
            .unsupported(
                "?" + name,
                name + " asks for \"" + JsonFields.shorten(given) + "\"; this server gives a response as it was made.");
      }
    }
  }

  /** The events are never padded. */
  static void readObfuscation(ClientRequest request) {
    String name = "include_obfuscation";
    if (isTrue(request, name)) {
      request.ignored().unsupported("?" + name, "This server does not pad its events.");
    }
  }

  /**
   * {@code asc} or {@code desc}.
   *
   * @throws ApiException if it is neither
   */
  static String order(ClientRequest request) {
    String order = request.query("order").orElse("desc");
    if (!order.equals("asc") && !order.equals("desc")) {
      throw wrong("order", order, "\"asc\" or \"desc\"");
    }
    return order;
  }

  /**
   * The most items of a page.
   *
   * @throws ApiException if it is too large, or no number
   */
  static int limit(ClientRequest request) {
    String given = request.query("limit").orElse(Integer.toString(PAGE));
    int limit = given.matches("\\d{1,6}") ? Integer.parseInt(given) : 0;
    if (limit < 1 || limit > MAX_PAGE) {
      throw wrong("limit", given, "a whole number from 1 to " + MAX_PAGE);
    }
    return limit;
  }

  private static ApiException wrong(String name, String given, String wanted) {
    return ApiException.invalid(
        name, name + " must be " + wanted + ", but it is \"" + JsonFields.shorten(given) + "\".");
  }
}
