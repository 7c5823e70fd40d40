/** The command line. */
module io.panallama.cli {
  requires com.fasterxml.jackson.databind;
  requires info.picocli;
  requires io.panallama;
  requires io.panallama.demo;
  requires io.panallama.load;
  requires io.panallama.models;
  requires io.panallama.platform;
  requires io.panallama.search;
  requires io.panallama.server;
  requires java.logging;
  requires java.net.http;
  requires jdk.jfr;
  requires jdk.unsupported;
  requires org.jline.reader;
  requires org.jline.terminal;
  requires org.snakeyaml.engine;
  requires static transitive org.jspecify;

  uses io.panallama.server.FrontEnd;

  opens io.panallama.cli to
      info.picocli;
}
