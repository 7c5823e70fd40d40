package io.panallama.benchmarks.compare;

import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;

/**
 * The plan of one comparison.
 *
 * @param root the checkout's folder
 * @param sections by id
 * @param effort the amount of measuring
 * @param setup of the servers; its model and threads are those of the engines, too
 * @param quick whether this run only shows that everything works
 * @param chat whether the servers get chat requests, else plain completions
 */
record Plan(Path root, List<String> sections, Effort effort, ServerPair.Setup setup, boolean quick, boolean chat) {
  /** The sections about servers have the names of their loads. */
  static final List<String> ALL =
      Stream.concat(
              Stream.of("engine", "batch", EmbeddingSection.ID),
              Stream.of(LoadCase.Kind.values()).map(LoadCase.Kind::id))
          .toList();

  /** The model that is compared by default; {@code benchmarks/run models} writes it. */
  static final String GENERATED = "125m-q8_0";

  Plan {
    sections = List.copyOf(sections);
  }

  /** The load of a section about servers; empty for other sections. */
  static Optional<LoadCase.Kind> kind(String section) {
    return Stream.of(LoadCase.Kind.values()).filter(kind -> kind.id().equals(section)).findFirst();
  }

  boolean has(String section) {
    return sections.contains(section);
  }

  boolean needsServers() {
    return !loads().isEmpty();
  }

  /** Whether any section generates text. */
  boolean needsModel() {
    return !sections.equals(List.of(EmbeddingSection.ID));
  }

  List<LoadCase.Kind> loads() {
    return Stream.of(LoadCase.Kind.values()).filter(kind -> has(kind.id())).toList();
  }

  /** For {@code benchmarks/run}, which takes a number only. */
  List<String> engineOptions() {
    return List.of(
        "--model", setup.model().toString(),
        "--threads", Integer.toString(setup.threads()),
        "--gpu-layers", setup.gpuLayers().equals("all") ? "-1" : setup.gpuLayers());
  }

  String announcement() {
    String time = quick ? "about 6 minutes" : "about 100 minutes with the default model on two processors";
    return String.join(", ", sections) + ": " + (sections.equals(ALL) ? time : "a part of " + time);
  }

  /** Builds what is missing: the model and our server. */
  void prepare(Checkout checkout, Consumer<String> progress) throws InterruptedException {
    if (needsModel() && !Files.exists(setup.model())) {
      progress.accept("writing " + setup.model().getFileName());
      List<String> words = List.of("models", "--directory", setup.model().resolveSibling("").toString(), GENERATED);
      checkout
          .children()
          .run(checkout.script("benchmarks/run", words), checkout.logs().resolve("models.log"), progress);
    }
    if (needsServers() || has(EmbeddingSection.ID)) {
      Children.Command help = checkout.panallama(List.of("--help"));
      checkout.children().run(help, checkout.logs().resolve("panallama.log"), progress);
    }
  }
}
