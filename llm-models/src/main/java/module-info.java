/** Models from other formats (ONNX) and from Maven repositories, as GGUF files. */
module io.panallama.models {
  requires com.fasterxml.jackson.databind;
  requires com.google.protobuf;
  requires eu.maveniverse.maven.mima.context;
  requires eu.maveniverse.maven.mima.runtime.standalonestatic;
  requires transitive io.panallama;
  requires io.panallama.platform;
  requires org.apache.commons.logging;
  requires org.slf4j;
  requires static transitive org.jspecify;

  exports io.panallama.models;
}
