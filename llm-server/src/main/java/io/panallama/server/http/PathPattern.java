package io.panallama.server.http;

import java.util.Optional;
import java.util.regex.Pattern;

/**
 * The path of a route, with {@code *} or without. One at the end stands for anything, slashes included, others for one segment.
 * Immutable.
 */
record PathPattern(String text) {
  private static final String REST = "*";
  private static final String VERSION = "/v1";

  /** What clients of Groq and Azure put in front of OpenAI's paths, whatever their base URL is. */
  private static final Pattern PROVIDER = Pattern.compile("^/openai(?:/deployments/[^/]+)?(?=/)");

  /** Whether requests for exactly one path match. */
  boolean isExact() {
    return !text.contains(REST);
  }

  /** What stands in place of the {@code *} if a path matches, with a slash between those of several; empty text if there is none. */
  Optional<String> match(String path) {
    String[] literals = text.split("\\*", -1);
    if (!path.startsWith(literals[0])) {
      return Optional.empty();
    }
    StringBuilder rest = new StringBuilder();
    int at = literals[0].length();
    for (int i = 1; i < literals.length; i++) {
      String next = literals[i];
      boolean last = i == literals.length - 1;
      int end = last && next.isEmpty() ? path.length() : segmentEnd(path, at);
      if (end == at || !path.startsWith(next, end)) {
        return Optional.empty();
      }
      rest.append(i == 1 ? "" : "/").append(path, at, end);
      at = end + next.length();
    }
    return at == path.length() ? Optional.of(rest.toString()) : Optional.empty();
  }

  private static int segmentEnd(String path, int from) {
    int slash = path.indexOf('/', from);
    return slash < 0 ? path.length() : slash;
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

  /** A path without doubled slashes, without one at its end, and without what a provider has in front of OpenAI's paths. */
  static String normal(String path) {
    String single = path.replaceAll("/{2,}", "/");
    String ended = single.length() > 1 && single.endsWith("/") ? single.substring(0, single.length() - 1) : single;
    return PROVIDER.matcher(ended).replaceFirst("");
  }

  /** The same path with {@code /v1} in front if it has none, or without it if it has. */
  static String otherVersion(String path) {
    return path.startsWith(VERSION + "/") ? path.substring(VERSION.length()) : VERSION + path;
  }
}
