/** Panallama's library: models, engines and generations, and the GGUF files they come from. */
module io.panallama {
  requires com.fasterxml.jackson.databind;
  requires io.panallama.bindings;
  requires java.management;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports io.panallama;
  exports io.panallama.agent;
  exports io.panallama.gguf;
  exports io.panallama.typed;
}
