/** Panallama's library: models, engines and generations, and the GGUF files they come from. */
module io.panallama {
  requires static transitive org.jspecify;

  exports io.panallama;
  exports io.panallama.gguf;
}
