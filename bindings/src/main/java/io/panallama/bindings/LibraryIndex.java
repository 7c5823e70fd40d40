package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * The list of files of one packaged set of libraries: {@code index.txt} in its folder, written by the native module.
 *
 * <pre>
 * panallama-native 1
 * platform linux-x64
 * backend cpu
 * llama 0.5.0
 * bridge 1
 * file &lt;sha-256 in hex&gt; &lt;size in bytes&gt; &lt;load|backend|program|text&gt; &lt;file name&gt;
 * </pre>
 *
 * @param platform the {@link Platform#id} that the set is built for
 * @param backend the backend that the set can compute on
 * @param llamaVersion the version of llama.cpp
 * @param bridgeVersion the version of the bridge's interface
 * @param files the files; those to load are in load order
 */
record LibraryIndex(String platform, Backend backend, String llamaVersion, int bridgeVersion, List<Entry> files) {

  private static final String HEADER = "panallama-native 1";
  private static final Pattern SHA_256 = Pattern.compile("[0-9a-f]{64}");

  LibraryIndex {
    files = List.copyOf(files);
  }

  /** The purpose of a file. */
  enum Kind {
    /** The loader loads it. */
    LOAD,
    /** ggml loads it if it suits the machine. */
    BACKEND,
    /** A program, which is started as a process of its own. */
    PROGRAM,
    /** A text for people, such as a licence. */
    TEXT
  }

  /** One file. */
  record Entry(String sha256, long size, Kind kind, String name) {}

  /**
   * Reads an index.
   *
   * @param origin the name of the index in messages
   * @throws NativeLoadException with {@link Reason#CORRUPT} if it is not a complete index
   */
  static LibraryIndex parse(String text, String origin) {
    List<String> lines = text.lines().toList();
    if (lines.isEmpty() || !lines.getFirst().equals(HEADER)) {
      throw corrupt(origin, 1, "the first line is not '" + HEADER + "'");
    }
    Map<String, String> facts = new HashMap<>();
    List<Entry> files = new ArrayList<>();
    for (int i = 1; i < lines.size(); i++) {
      String line = lines.get(i);
      if (line.isBlank()) {
        continue;
      }
      int space = line.indexOf(' ');
      if (space < 0) {
        throw corrupt(origin, i + 1, "'" + line + "' has no value");
      }
      String key = line.substring(0, space);
      String value = line.substring(space + 1);
      if (key.equals("file")) {
        files.add(entry(value, origin, i + 1));
      } else {
        facts.put(key, value);
      }
    }
    if (files.stream().noneMatch(file -> file.kind() == Kind.LOAD)) {
      throw corrupt(origin, lines.size(), "there is no file to load");
    }
    if (files.stream().map(Entry::name).distinct().count() != files.size()) {
      throw corrupt(origin, lines.size(), "a file name occurs twice");
    }
    return new LibraryIndex(
        fact(facts, "platform", origin),
        backend(fact(facts, "backend", origin), origin),
        fact(facts, "llama", origin),
        (int) number(fact(facts, "bridge", origin), origin, 1),
        files);
  }

  /** The names of the files of one kind, in order. */
  List<String> names(Kind kind) {
    return files.stream().filter(file -> file.kind() == kind).map(Entry::name).toList();
  }

  private static Entry entry(String value, String origin, int line) {
    String[] parts = value.split(" ", 4);
    if (parts.length != 4) {
      throw corrupt(origin, line, "a file needs hash, size, kind and name");
    }
    if (!SHA_256.matcher(parts[0]).matches()) {
      throw corrupt(origin, line, "'" + parts[0] + "' is not a SHA-256");
    }
    Kind kind =
        switch (parts[2]) {
          case "load" -> Kind.LOAD;
          case "backend" -> Kind.BACKEND;
          case "program" -> Kind.PROGRAM;
          case "text" -> Kind.TEXT;
          default -> throw corrupt(origin, line, "'" + parts[2] + "' is not one of load, backend, program and text");
        };
    String name = parts[3];
    // The name becomes part of a path below the cache folder and must not lead out of it.
    if (name.isEmpty() || name.startsWith(".") || name.indexOf('/') >= 0 || name.indexOf('\\') >= 0) {
      throw corrupt(origin, line, "'" + name + "' is not a plain file name");
    }
    return new Entry(parts[0], number(parts[1], origin, line), kind, name);
  }

  private static String fact(Map<String, String> facts, String key, String origin) {
    String value = facts.get(key);
    if (value == null) {
      throw corrupt(origin, 1, "the line '" + key + "' is missing");
    }
    return value;
  }

  private static Backend backend(String value, String origin) {
    for (Backend backend : Backend.values()) {
      if (backend.name().toLowerCase(Locale.ROOT).equals(value)) {
        return backend;
      }
    }
    throw corrupt(origin, 1, "the backend '" + value + "' is not known");
  }

  private static long number(String value, String origin, int line) {
    try {
      long number = Long.parseLong(value);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // Reported below, with the place.
    }
    throw corrupt(origin, line, "'" + value + "' is not a number");
  }

  private static NativeLoadException corrupt(String origin, int line, String what) {
    return new NativeLoadException(
        Reason.CORRUPT, "%s, line %d: %s; the jar of the native libraries is damaged".formatted(origin, line, what));
  }
}
