package io.panallama.server.dialect;

import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;

/**
 * What a request asks for that its answer does not follow: fields that the server doesn't know, and parts of a schema that a
 * grammar can't enforce. The answer names them in the header {@value #HEADER}, so that nothing is dropped in silence; a strict
 * server refuses the first one instead.
 *
 * <p>One object per request, for the thread of that request.
 */
public final class Ignored {
  /** The header of an answer that names what was ignored, separated by commas. */
  public static final String HEADER = "Panallama-Ignored";

  /** The most names that are kept, so that a request of many unknown fields has an answer with a header of bounded size. */
  private static final int MAX_NAMES = 32;

  /** The most characters of one name. */
  private static final int MAX_LENGTH = 100;

  private final boolean strict;
  private final Set<String> names = new LinkedHashSet<>();
  private int more;

  /**
   * Nothing ignored so far.
   *
   * @param strict whether anything to be ignored is refused instead
   */
  public Ignored(boolean strict) {
    this.strict = strict;
  }

  /**
   * A field that the server doesn't know.
   *
   * @param path its path in the body, as the client wrote it
   * @throws ApiException with 400 on a strict server
   */
  public void unknown(String path) {
    add(path, "unknown_parameter", "Unknown parameter: " + path + ".");
  }

  /**
   * A field, or a part of one, that the server knows and can't honour.
   *
   * @param path its path in the body, as the client wrote it
   * @param why why not, as a sentence
   * @throws ApiException with 400 on a strict server
   */
  public void unsupported(String path, String why) {
    add(path, "unsupported_parameter", why);
  }

  private void add(String path, String code, String message) {
    if (strict) {
      throw ApiException.invalid(400, path, code, message);
    }
    String name = printable(path);
    if (names.size() < MAX_NAMES) {
      names.add(name);
    } else if (!names.contains(name)) {
      more++;
    }
  }

  /** The paths so far, each once. */
  public List<String> names() {
    return List.copyOf(names);
  }

  /** The value of the header; empty if nothing was ignored. */
  public String header() {
    String all = String.join(", ", names);
    return more == 0 ? all : all + ", and " + more + " more";
  }

  /** A name as it can stand in a list in a header: visible ASCII without commas, other characters as a question mark. */
  private static String printable(String path) {
    StringBuilder text = new StringBuilder();
    path.codePoints()
        .limit(MAX_LENGTH)
        .forEach(c -> text.append(c > ' ' && c < 0x7F && c != ',' ? (char) c : c == ' ' ? ' ' : '?'));
    return text.toString();
  }
}
