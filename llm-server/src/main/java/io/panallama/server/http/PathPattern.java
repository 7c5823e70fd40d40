package io.panallama.server.http;

import java.util.Optional;

/**
 * The path of a route, with a {@code *} or without. One at the end stands for anything, slashes included, one in the middle for one
 * segment. Immutable.
 */
record PathPattern(String text) {
  private static final String REST = "*";
  private static final String VERSION = "/v1";

  /** Whether requests for exactly one path match. */
  boolean isExact() {
    return !text.contains(REST);
  }

  /** What stands in place of the {@code *} if a path matches; empty text if there is no {@code *}. */
  Optional<String> match(String path) {
    int star = text.indexOf(REST);
    if (star < 0) {
      return path.equals(text) ? Optional.of("") : Optional.empty();
    }
    String before = text.substring(0, star);
    String after = text.substring(star + 1);
    if (path.length() <= before.length() + after.length() || !path.startsWith(before) || !path.endsWith(after)) {
      return Optional.empty();
    }
    String rest = path.substring(star, path.length() - after.length());
    return after.isEmpty() || rest.indexOf('/') < 0 ? Optional.of(rest) : Optional.empty();
  }

  /** How many segments a path and this one have in common at their beginning, {@code v1} not counted. */
  int commonSegments(String path) {
    String[] mine = segments(text);
    String[] theirs = segments(path);
    int common = 0;
    while (common < Math.min(mine.length, theirs.length) && mine[common].equals(theirs[common])) {
      common++;
    }
    return common;
  }

  private static String[] segments(String path) {
    String normal = normal(path);
    String rest = normal.startsWith(VERSION + "/") ? normal.substring(VERSION.length()) : normal;
    return rest.substring(Math.min(1, rest.length())).split("/", -1);
  }

  /** A path without doubled slashes and without one at its end. */
  static String normal(String path) {
    String single = path.replaceAll("/{2,}", "/");
    return single.length() > 1 && single.endsWith("/") ? single.substring(0, single.length() - 1) : single;
  }

  /** The same path with {@code /v1} in front if it has none, or without it if it has. */
  static String otherVersion(String path) {
    return path.startsWith(VERSION + "/") ? path.substring(VERSION.length()) : VERSION + path;
  }
}
