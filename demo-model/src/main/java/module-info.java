/** The embedded demo model. */
module io.panallama.demo {
  requires io.panallama.platform;
  requires static org.jspecify;

  exports io.panallama.demo;
}
