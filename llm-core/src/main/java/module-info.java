/** Panallama's library: models, engines and generations, and the GGUF files they come from. */
module io.panallama {
  requires com.fasterxml.jackson.databind;
  requires io.panallama.bindings;
  requires io.panallama.platform;
  requires java.management;
  requires jdk.jfr;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports io.panallama;
  exports io.panallama.agent;
  exports io.panallama.chat;
  exports io.panallama.config;
  exports io.panallama.embedding;
  exports io.panallama.error;
  exports io.panallama.generation;
  exports io.panallama.gguf;
  exports io.panallama.observe;
  exports io.panallama.quantize;
  exports io.panallama.request;
  exports io.panallama.sampling;
  exports io.panallama.scoring;
  exports io.panallama.typed;
  exports io.panallama.typed.annotation;
  exports io.panallama.vocabulary;
}
