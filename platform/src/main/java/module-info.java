/**
 * What the build of the native libraries, the jars that carry them, the bindings and the demo model agree on: where the
 * user's caches are, and how a jar of native libraries is found.
 */
module io.panallama.platform {
  requires static transitive org.jspecify;

  exports io.panallama.platform;
}
