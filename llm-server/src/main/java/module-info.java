/** The chat server, its page and the command line. */
@SuppressWarnings("module") // io.panallama.benchmarks is built later.
module io.panallama.server {
  requires HdrHistogram;
  requires com.fasterxml.jackson.databind;
  requires info.picocli;
  requires io.helidon.common.task;
  requires io.helidon.webserver;
  requires transitive io.panallama;
  requires io.panallama.demo;
  requires java.logging;
  requires java.management;
  requires java.net.http;
  requires jdk.management;
  requires jdk.unsupported;
  requires org.jline.reader;
  requires org.jline.terminal;
  requires static transitive org.jspecify;

  exports io.panallama.server;
  exports io.panallama.server.load to
      io.panallama.benchmarks;
  exports io.panallama.server.measure to
      io.panallama.benchmarks;

  opens io.panallama.server.cli to
      info.picocli;
}
