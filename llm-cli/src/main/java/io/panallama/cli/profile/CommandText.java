package io.panallama.cli.profile;

import java.util.regex.Pattern;

/** The command line of a process, for people to read: without the keys that it may have. */
public final class CommandText {
  /** Options whose value is a secret, as one word or two. */
  private static final Pattern SECRET = Pattern.compile("(--?api[-_]?key)([= ])\\S+", Pattern.CASE_INSENSITIVE);

  private CommandText() {}

  /** The command with its secrets replaced by asterisks. */
  public static String of(String command) {
    return SECRET.matcher(command).replaceAll("$1$2***");
  }
}
