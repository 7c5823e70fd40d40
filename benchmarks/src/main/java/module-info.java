/** Measures the engine against llama.cpp's own benchmarks. */
module io.panallama.benchmarks {
  requires com.fasterxml.jackson.databind;
  requires info.picocli;
  requires io.panallama;
  requires io.panallama.demo;
  requires io.panallama.server;
  requires io.panallama.testkit;
  requires jdk.management;
  requires static transitive org.jspecify;

  opens io.panallama.benchmarks to
      info.picocli;
}
