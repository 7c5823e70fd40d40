package io.panallama.benchmarks.compare;

import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;

/** A server of {@code benchmarks/onnx}, which has all-MiniLM-L6-v2 in single precision from LangChain4j's artifact. */
enum OnnxPeer {
  /** ONNX Runtime with the texts of a request in one batch. */
  ONNXRUNTIME(
      "ONNX Runtime",
      512,
      "ONNX Runtime 1.20 in a Java process, with the same number of threads; all texts of a request are one batch,"
          + " padded to the longest, as in sentence-transformers."),
  /** LangChain4j's model as it comes. */
  LANGCHAIN4J(
      "LangChain4j",
      128,
      "LangChain4j's AllMiniLmL6V2EmbeddingModel as it comes: it computes one text at a time in each of its threads. It"
          + " has no option for the threads of ONNX Runtime, which takes as many as there are cores, so the comparison"
          + " is an equal one if that is the number here. It reads the first 128 tokens of a text only, so longer ones"
          + " are not compared.");

  /** A note for its section. */
  static final String NO_SHARED_CODE =
      "The servers share no code: ours computes with llama.cpp in F16, unless the file says otherwise, and ONNX Runtime"
          + " in F32.";

  private static final String SCRIPT = "benchmarks/onnx/run";
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  private final String label;
  private final int mostTokens;
  private final String method;

  OnnxPeer(String label, int mostTokens, String method) {
    this.label = label;
    this.mostTokens = mostTokens;
    this.method = method;
  }

  String label() {
    return label;
  }

  /** The longest text that it reads as a whole. */
  int mostTokens() {
    return mostTokens;
  }

  private String id() {
    return name().toLowerCase(Locale.ROOT);
  }

  /** The section without results. */
  Section planned() {
    return new Section(
        EmbeddingSection.ID + "-" + id(),
        "Embeddings over HTTP, " + label,
        label,
        "The requests of the section embeddings, in the same rounds. " + method,
        List.of(),
        Section.Findings.none(),
        "");
  }

  Children.Command command(Checkout checkout, int port, int threads) {
    return checkout.script(SCRIPT, List.of(id(), Integer.toString(port), Integer.toString(threads)));
  }

  /**
   * Builds it if need be, and starts it.
   *
   * @throws CompareException if one of both fails, for example because its libraries can't be fetched
   */
  Server start(Checkout checkout, Children.Command command, int port, Consumer<String> progress)
      throws InterruptedException {
    Path logs = checkout.logs();
    checkout.children().run(checkout.script(SCRIPT, List.of()), logs.resolve("onnx-build.log"), progress);
    return Server.start(
        label, checkout.children(), command, port, "/health", logs.resolve("onnx-" + id() + ".log"), PATIENCE);
  }
}
