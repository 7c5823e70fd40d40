/** Measures the engine against llama.cpp's own benchmarks. */
module io.panallama.benchmarks {
  requires com.fasterxml.jackson.databind;
  requires info.picocli;
  requires io.panallama;
  requires io.panallama.demo;
  requires io.panallama.load;
  requires io.panallama.models;
  requires io.panallama.search;
  requires io.panallama.testkit;
  requires java.net.http;
  requires java.xml;
  requires jdk.management;
  requires static transitive org.jspecify;

  opens io.panallama.benchmarks to
      info.picocli;
  opens io.panallama.benchmarks.compare to
      info.picocli;
}
