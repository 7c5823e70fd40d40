/**
 * The rules that the native build, the jars of native libraries, the bindings and the demo model share: where the
 * user's caches are, and how a jar of native libraries is found.
 */
module io.panallama.platform {
  requires static transitive org.jspecify;

  exports io.panallama.platform;
}
