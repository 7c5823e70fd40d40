/** The embedded demo model. */
module io.panallama.demo {
  requires static org.jspecify;

  exports io.panallama.demo;
}
