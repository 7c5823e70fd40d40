package io.panallama.bindings;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;

/** The list of what jextract binds. It is not part of the module, so only tests read it. */
final class IncludeList {
  private static final String RESERVED = "# reserved: ";

  private final String text;

  private IncludeList(String text) {
    this.text = text;
  }

  static IncludeList read() {
    try {
      return new IncludeList(Files.readString(Path.of("jextract/includes.txt")));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static IncludeList of(String text) {
    return new IncludeList(text);
  }

  Set<String> functions() {
    return names("function", text);
  }

  /** The functions that are bound before any code calls them. */
  Set<String> reservedFunctions() {
    Set<String> names = new TreeSet<>();
    for (String group : text.split("\\R\\R")) {
      if (group.startsWith(RESERVED)) {
        names.addAll(names("function", group));
      }
    }
    return names;
  }

  Set<String> structs() {
    return names("(?:struct|union)", text);
  }

  Set<String> typedefs() {
    return names("typedef", text);
  }

  Set<String> constants() {
    return names("constant", text);
  }

  private static Set<String> names(String kind, String text) {
    return Pattern.compile("(?m)^--include-" + kind + " (\\S+)")
        .matcher(text)
        .results()
        .map(match -> match.group(1))
        .collect(Collectors.toCollection(TreeSet::new));
  }
}
