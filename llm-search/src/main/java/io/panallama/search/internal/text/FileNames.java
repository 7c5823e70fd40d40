package io.panallama.search.internal.text;

import java.io.File;
import java.net.URI;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;

/**
 * Paths as text, different for different paths. A file system of Unix takes any bytes as a name; Java shows those that are no
 * text in the machine's locale as {@code U+FFFD}, so that two names may look the same.
 */
public final class FileNames {
  private static final char REPLACED = '\uFFFD';

  private FileNames() {}

  /**
   * The absolute path as text, or its {@code file:} URI, which has bytes escaped, where a name is no text in UTF-8. No absolute
   * path begins as a URI does.
   */
  public static String absolute(Path path) {
    Path absolute = path.toAbsolutePath();
    String shown = absolute.toString();
    if (shown.indexOf(REPLACED) < 0 || !absolute.getFileSystem().getSeparator().equals("/")) {
      return shown;
    }
    URI escaped = absolute.toUri();
    try {
      String decoded =
          StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes(escaped.getRawPath()))).toString();
      return decoded.length() > 1 && decoded.endsWith("/") ? decoded.substring(0, decoded.length() - 1) : decoded;
    } catch (CharacterCodingException notText) {
      return escaped.toString();
    }
  }

  /** Whether a path's text leads to another file, or to none: its names can't be written in the machine's locale. */
  public static boolean isLost(Path path) {
    return path.toString().indexOf(REPLACED) >= 0;
  }

  /** The path as it is, or as {@link #absolute} has it where its text leads nowhere; for messages. */
  public static String shown(Path path) {
    return isLost(path) ? absolute(path) : path.toString();
  }

  /** The last name of {@link #absolute}. */
  public static String last(Path path) {
    String shown = String.valueOf(path.getFileName());
    if (shown.indexOf(REPLACED) < 0) {
      return shown;
    }
    String absolute = absolute(path);
    return absolute.substring(absolute.lastIndexOf('/') + 1);
  }

  /** The beginnings that {@link #absolute} may have for files inside of a folder: a path's and a URI's. */
  public static Inside inside(Path folder) {
    String path = absolute(folder.resolve("x"));
    String uri = folder.resolve("x").toUri().toString();
    return new Inside(path.substring(0, path.length() - 1), uri.substring(0, uri.length() - 1));
  }

  /**
   * What is inside of a folder.
   *
   * @param path how paths begin
   * @param uri how URIs begin
   */
  public record Inside(String path, String uri) {
    /** Whether a file is inside. */
    public boolean has(String absolute) {
      return absolute.startsWith(path) || absolute.startsWith(uri);
    }

    /** The path of a file within the folder, with {@code /} between names. */
    public String relative(String absolute) {
      String within = absolute.substring(absolute.startsWith(path) ? path.length() : uri.length());
      // A backslash is part of a name, except on Windows.
      return File.separatorChar == '/' ? within : within.replace(File.separatorChar, '/');
    }
  }

  /** Undoes the escapes of a URI's path. */
  private static byte[] bytes(String escaped) {
    byte[] bytes = new byte[escaped.length()];
    int length = 0;
    for (int i = 0; i < escaped.length(); i++) {
      char c = escaped.charAt(i);
      if (c == '%') {
        bytes[length++] = (byte) Integer.parseInt(escaped, i + 1, i + 3, 16);
        i += 2;
      } else {
        bytes[length++] = (byte) c;
      }
    }
    byte[] exact = new byte[length];
    System.arraycopy(bytes, 0, exact, 0, length);
    return exact;
  }
}
