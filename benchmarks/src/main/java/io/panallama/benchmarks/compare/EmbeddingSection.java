package io.panallama.benchmarks.compare;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Consumer;

/** Compares embeddings over HTTP: our server with an embedding model, llama-server with the same file, and ONNX Runtime. */
final class EmbeddingSection {
  static final String ID = "embeddings";

  /** The model by default: all-MiniLM-L6-v2, which {@code panallama pull} fetches. */
  static final String MODEL = "minilm";

  /** Enough for every text of a request that both compute together, and what ours takes at once. */
  private static final int SLOTS = 16;

  /** The longest text that MiniLM takes, for each slot. */
  private static final int CONTEXT = 512;

  private static final Section PLANNED =
      new Section(
          ID,
          "Embeddings over HTTP",
          LlamaServer.NAME,
          "One client asks /v1/embeddings for the vectors of 1, 8 and 64 texts a request, one request after the other;"
              + " texts of 8, 128 and 490 tokens. Both servers have the same file, the same number of threads, and"
              + " batches of 2048 tokens at most; llama-server has 16 slots. In a round each server gets the same"
              + " texts, those of the sections about ONNX Runtime included.",
          List.of(),
          Section.Findings.none(),
          "");

  private final Checkout checkout;
  private final int threads;
  private final int rounds;
  private final Consumer<String> progress;

  EmbeddingSection(Checkout checkout, int threads, int rounds, Consumer<String> progress) {
    this.checkout = checkout;
    this.threads = threads;
    this.rounds = rounds;
    this.progress = progress;
  }

  /**
   * Runs it.
   *
   * @param model a GGUF file, or what {@code panallama pull} fetches
   * @param others what is measured besides llama-server
   * @return a section for llama-server, and one for each of the others
   */
  List<Section> run(LlamaServer peer, String model, List<OnnxPeer> others) throws InterruptedException {
    int ourPort = Server.freePort();
    int theirPort = Server.freePort();
    List<Section> done = new ArrayList<>();
    Section planned = PLANNED;
    try {
      Path file = file(model);
      Children.Command ours = ours(ourPort, file);
      Children.Command theirs = theirs(peer, theirPort, threads, file);
      planned = with(PLANNED, List.of(checkout.typed(ours), checkout.typed(theirs)));
      progress.accept("embeddings: starting the servers");
      Map<EmbeddingRounds.Rival, Section> running = new LinkedHashMap<>();
      List<Server> started = new ArrayList<>();
      try (ServerPair pair = ServerPair.start(checkout, ours, ourPort, peer, theirs, theirPort);
          EmbeddingClient client = new EmbeddingClient()) {
        EmbeddingRounds.Rival llama =
            new EmbeddingRounds.Rival(peer.name(), pair.theirs().address(), Integer.MAX_VALUE);
        for (OnnxPeer other : others) {
          int port = Server.freePort();
          Children.Command command = other.command(checkout, port, threads);
          Section section = with(other.planned(), List.of(checkout.typed(ours), checkout.typed(command)));
          try {
            Server server = other.start(checkout, command, port, progress);
            started.add(server);
            running.put(new EmbeddingRounds.Rival(other.label(), server.address(), other.mostTokens()), section);
          } catch (CompareException e) {
            done.add(section.failed(checkout.shortened(String.valueOf(e.getMessage()))));
          }
        }
        List<EmbeddingRounds.Rival> rivals = new ArrayList<>(List.of(llama));
        rivals.addAll(running.keySet());
        EmbeddingRounds turns = new EmbeddingRounds(client, pair.ours().address(), rivals, progress);
        turns.run(EmbeddingCase.all(), rounds);
        done.addFirst(with(planned, turns.findings(llama), List.of(pair.sameLibraries()), file, List.of()));
        running.forEach((rival, section) -> {
          Section.Findings found = turns.findings(rival);
          done.add(with(section, found, List.of(), file, List.of(OnnxPeer.NO_SHARED_CODE)));
        });
      } finally {
        started.forEach(Server::close);
      }
    } catch (CompareException | IllegalArgumentException e) {
      done.addFirst(planned.failed(checkout.shortened(String.valueOf(e.getMessage()))));
    }
    return done;
  }

  private static Section with(Section planned, List<String> commands) {
    return new Section(
        planned.id(), planned.title(), planned.rival(), planned.method(), commands, planned.findings(), "");
  }

  private static Section with(
      Section planned, Section.Findings found, List<Section.Check> first, Path file, List<String> remarks) {
    List<Section.Check> checks = new ArrayList<>(first);
    checks.addAll(found.checks());
    List<String> notes = new ArrayList<>(List.of("The model: " + Checkout.describe(file) + "."));
    notes.addAll(remarks);
    Section.Findings findings =
        new Section.Findings(found.measures(), found.trends(), found.curves(), checks, notes, found.raw());
    return new Section(
        planned.id(), planned.title(), planned.rival(), planned.method(), planned.commands(), findings, "");
  }

  private Path file(String model) throws InterruptedException {
    if (Files.isRegularFile(Path.of(model))) {
      return Path.of(model).toAbsolutePath();
    }
    Path log = checkout.logs().resolve("pull.log");
    checkout.children().run(checkout.panallama(List.of("pull", model)), log, progress);
    try {
      return Path.of(Files.readString(log).strip());
    } catch (IOException e) {
      throw new CompareException("what `panallama pull` printed can't be read: " + e, e);
    }
  }

  Children.Command ours(int port, Path file) {
    return checkout.panallama(
        List.of(
            "serve",
            "--port",
            Integer.toString(port),
            "--threads",
            Integer.toString(threads),
            "--embedding-model",
            file.toString()));
  }

  static Children.Command theirs(LlamaServer peer, int port, int threads, Path file) {
    return Checkout.onOurLibraries(
        peer.program(),
        List.of(
            "--port",
            Integer.toString(port),
            "--threads",
            Integer.toString(threads),
            "--threads-batch",
            Integer.toString(threads),
            "--embedding",
            "--parallel",
            Integer.toString(SLOTS),
            "--ctx-size",
            Integer.toString(SLOTS * CONTEXT),
            "--batch-size",
            "2048",
            "--ubatch-size",
            "2048",
            "--load-mode",
            "mmap",
            "--fit",
            "off",
            "--log-verbosity",
            "2",
            "--no-ui",
            "--model",
            file.toString()));
  }
}
