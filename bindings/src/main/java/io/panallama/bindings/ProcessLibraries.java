package io.panallama.bindings;

import io.panallama.bindings.NativeLibraries.Origin;
import java.nio.file.Path;
import java.util.Optional;

/**
 * The set of libraries that a process has loaded, shared by all class loaders of the process that have these bindings.
 * Two sets cannot live in one process: their libraries have the same names, and a library of one set would be linked to
 * those of the other. So the first class loader decides, and the others take the same folder.
 *
 * @param origin where the first class loader found the libraries
 * @param folder the folder they were loaded from
 */
record ProcessLibraries(Origin origin, Path folder) {
  /** System properties and interned strings are what class loaders that know nothing of each other share. */
  private static final String PROPERTY = "panallama.native.loaded";

  /** Held while one class loader loads, so that another one finds all of it or nothing. */
  static final Object LOCK = ("lock of " + PROPERTY).intern();

  /** The set of the process, if one is loaded. The caller holds {@link #LOCK}. */
  static Optional<ProcessLibraries> loaded() {
    String value = System.getProperty(PROPERTY);
    if (value == null) {
      return Optional.empty();
    }
    int space = value.indexOf(' ');
    return Optional.of(
        new ProcessLibraries(Origin.valueOf(value.substring(0, space)), Path.of(value.substring(space + 1))));
  }

  /** Tells the other class loaders. The caller holds {@link #LOCK}. */
  void publish() {
    System.setProperty(PROPERTY, origin + " " + folder);
  }
}
