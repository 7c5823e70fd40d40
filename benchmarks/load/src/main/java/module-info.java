/** Load test of any OpenAI-compatible server, and the in-process benchmark behind {@code panallama bench}. */
module io.panallama.load {
  requires HdrHistogram;
  requires com.fasterxml.jackson.databind;
  requires transitive io.panallama;
  requires java.management;
  requires java.net.http;
  requires jdk.management;
  requires static transitive org.jspecify;

  exports io.panallama.load;
  exports io.panallama.load.bench;
  exports io.panallama.load.measure;
}
