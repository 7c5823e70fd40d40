package io.panallama.server.documents;

import io.panallama.search.query.Filter;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Whether filters match the attributes of a file, as llm-search's index compares metadata. Attributes are compared here, and not
 * there, so
 * that they can be changed without embedding the file again.
 */
final class AttributeMatch {
  private AttributeMatch() {}

  static boolean matches(Filter filter, StoreFile file) {
    return switch (filter) {
      case Filter.In in -> in.values().stream().anyMatch(value -> equal(attribute(file, in.name()), value));
      case Filter.Range range ->
          attribute(file, range.name()) instanceof Number number
              && number.doubleValue() >= range.low()
              && number.doubleValue() <= range.high();
      case Filter.Compared compared ->
          attribute(file, compared.name()) instanceof String text && compared.order().matches(text, compared.text());
      case Filter.Documents documents -> documents.ids().contains(file.fileId());
      case Filter.All all -> all.filters().stream().allMatch(each -> matches(each, file));
      case Filter.Any any -> any.filters().stream().anyMatch(each -> matches(each, file));
      case Filter.Not not -> !matches(not.filter(), file);
    };
  }

  private static @Nullable Object attribute(StoreFile file, String name) {
    Map<String, Object> attributes = file.addition().attributes();
    return attributes.get(name);
  }

  private static boolean equal(@Nullable Object one, Object other) {
    return one instanceof Number a && other instanceof Number b
        ? a.doubleValue() == b.doubleValue()
        : other.equals(one);
  }
}
