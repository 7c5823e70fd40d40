package io.panallama.server.dialect.files;

import com.fasterxml.jackson.core.JsonGenerator;
import io.panallama.server.dialect.Answer;
import io.panallama.server.dialect.ApiException;
import io.panallama.server.dialect.ClientRequest;
import io.panallama.server.dialect.fields.Json;
import io.panallama.server.dialect.fields.JsonFields;
import io.panallama.server.documents.DocumentLibrary;
import java.io.IOException;
import java.util.List;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.function.ToLongFunction;

/**
 * A part of a list, as the query parameters {@code limit}, {@code order}, {@code after} and {@code before} ask for it.
 *
 * @param items the part
 * @param more whether there are others behind it, or in front of it where {@code before} asks for those
 */
record ListPage<T>(List<T> items, boolean more) {
  /** Writes one element of a list. */
  interface Writer<T> {
    void write(JsonGenerator json, T item) throws IOException;
  }

  /**
   * What lists are made of.
   *
   * @param id the id that {@code after} and {@code before} name
   * @param created what they are sorted by
   */
  record Kind<T>(Function<T, String> id, ToLongFunction<T> created, Writer<T> writer) {}

  /**
   * The part of a list that a request asks for.
   *
   * @param oldestFirst the whole list
   * @param limit how many elements it gets that asks for no number
   * @param most how many it may ask for
   * @throws ApiException if a parameter can't be read
   */
  static <T> ListPage<T> of(ClientRequest request, List<T> oldestFirst, Kind<T> kind, int limit, int most) {
    List<T> all = isAscending(request) ? oldestFirst : oldestFirst.reversed();
    int size = limit(request, limit, most);
    String after = request.query("after").orElse("");
    String before = request.query("before").orElse("");
    int from = after.isEmpty() ? 0 : position(request, "after", all, kind, after, true);
    int to = before.isEmpty() ? all.size() : position(request, "before", all, kind, before, false);
    if (from >= to) {
      return new ListPage<>(List.of(), false);
    }
    if (after.isEmpty() && !before.isEmpty()) {
      int first = Math.max(from, to - size);
      return new ListPage<>(all.subList(first, to), first > from);
    }
    int last = Math.min(to, from + size);
    return new ListPage<>(all.subList(from, last), last < to);
  }

  private static boolean isAscending(ClientRequest request) {
    String order = request.query("order").orElse("desc");
    if (!order.equals("asc") && !order.equals("desc")) {
      throw wrong("order", order, "\"asc\" or \"desc\"");
    }
    return order.equals("asc");
  }

  private static int limit(ClientRequest request, int limit, int most) {
    String given = request.query("limit").orElse(Integer.toString(limit));
    int number = given.matches("\\d{1,6}") ? Integer.parseInt(given) : 0;
    if (number < 1 || number > most) {
      throw wrong("limit", given, "a whole number from 1 to " + most);
    }
    return number;
  }

  /** Where an element is, or was before it was deleted, as far as its id tells; behind it where {@code behind}. */
  private static <T> int position(
      ClientRequest request, String name, List<T> all, Kind<T> kind, String id, boolean behind) {
    for (int i = 0; i < all.size(); i++) {
      if (kind.id().apply(all.get(i)).equals(id)) {
        return behind ? i + 1 : i;
      }
    }
    OptionalLong created = DocumentLibrary.created(id);
    if (created.isEmpty()) {
      throw wrong(name, id, "the id of an element of this list");
    }
    boolean ascending = isAscending(request);
    int at = 0;
    while (at < all.size()) {
      long other = kind.created().applyAsLong(all.get(at));
      if (ascending ? other > created.getAsLong() : other < created.getAsLong()) {
        break;
      }
      at++;
    }
    return at;
  }

  static ApiException wrong(String name, String given, String wanted) {
    return ApiException.invalid(
        name, name + " must be " + wanted + ", but it is \"" + JsonFields.shorten(given) + "\".");
  }

  /** The answer with OpenAI's form of a list. */
  Answer answer(Kind<T> kind) {
    return Answer.json(
        Json.object(json -> {
          json.writeStringField("object", "list");
          json.writeArrayFieldStart("data");
          for (T item : items) {
            kind.writer().write(json, item);
          }
          json.writeEndArray();
          json.writeStringField("first_id", items.isEmpty() ? null : kind.id().apply(items.getFirst()));
          json.writeStringField("last_id", items.isEmpty() ? null : kind.id().apply(items.getLast()));
          json.writeBooleanField("has_more", more);
        }));
  }
}
