package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.ReportData.Term;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * llama.cpp's server, on the libraries that this process has loaded.
 *
 * @param program its file
 */
record LlamaServer(Path program) implements Peer {
  static final String NAME = "llama-server";

  @Override
  public String name() {
    return NAME;
  }

  @Override
  public Children.Command command(Checkout checkout, ServerPair.Setup setup, int port) {
    List<String> options = new ArrayList<>(List.of("--port", Integer.toString(port)));
    terms(setup).forEach(term -> options.addAll(ServerPair.Setup.words(term.theirs())));
    options.addAll(List.of("--model", setup.model().toString()));
    options.addAll(setup.theirsToo());
    return Checkout.onOurLibraries(program, options);
  }

  @Override
  public List<Term> terms(ServerPair.Setup setup) {
    return setup.terms();
  }

  @Override
  public String readyPath() {
    return "/health";
  }

  @Override
  public String log() {
    return "llama-server.log";
  }

  @Override
  public String version() {
    List<String> lines =
        new ArrayList<>(Checkout.output(Checkout.onOurLibraries(program, List.of("--version"))).lines().toList());
    return lines.stream()
        .filter(line -> line.startsWith("version:"))
        .findFirst()
        .orElse("unknown")
        .replaceFirst("version: *", "");
  }
}
