package io.panallama.benchmarks.compare;

import io.panallama.benchmarks.compare.ReportData.Term;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/** Our server and its peer, on equal terms, both ready. Closing ends both. */
final class ServerPair implements AutoCloseable {
  private static final Duration PATIENCE = Duration.ofMinutes(5);

  /** The default of llama.cpp. */
  private static final int MICRO_BATCH = 512;

  /** The path of our server that answers with status 200 as soon as it is ready. */
  static final String READY = "/ready";

  private final Server ours;
  private final Server theirs;

  private ServerPair(Server ours, Server theirs) {
    this.ours = ours;
    this.theirs = theirs;
  }

  /**
   * The settings of both servers.
   *
   * @param model absolute path
   * @param threads for steps with and without prompts
   * @param slots concurrent answers
   * @param context tokens of all slots together
   * @param batch tokens of a step
   * @param gpuLayers a number or {@code all}
   * @param separateCaches whether both have a KV cache for each slot
   * @param oursToo further options of our server
   * @param theirsToo further options of the peer
   */
  record Setup(
      Path model,
      int threads,
      int slots,
      int context,
      int batch,
      String gpuLayers,
      boolean separateCaches,
      List<String> oursToo,
      List<String> theirsToo) {
    /** The name of the term with what was asked for besides. */
    static final String FURTHER = "further options";

    Children.Command ours(Checkout checkout, int port) {
      return checkout.panallama(serve(port, terms().stream().map(Term::ours).toList(), oursToo));
    }

    /** The arguments of our command line for a server with these options. */
    List<String> serve(int port, List<String> options, List<String> further) {
      List<String> words = new ArrayList<>(List.of("serve", "--port", Integer.toString(port)));
      options.forEach(option -> words.addAll(words(option)));
      words.addAll(List.of("--model", model.toString()));
      words.addAll(further);
      return words;
    }

    /** The words of options. Text in parentheses is for the reader, not for a server. */
    static List<String> words(String options) {
      return options.startsWith("(") ? List.of() : List.of(options.split(" "));
    }

    /** The options of ours and of llama-server. */
    List<Term> terms() {
      String count = Integer.toString(threads);
      int cells = separateCaches ? context * slots : context;
      List<Term> terms = new ArrayList<>();
      Collections.addAll(
          terms,
          new Term("threads", "--threads " + count, "--threads " + count + " --threads-batch " + count, "the same"),
          new Term("slots", "--slots " + slots, "--parallel " + slots, "the same; llama-server’s default is 4, ours 8"),
          new Term(
              "context",
              "--ctx-size " + cells,
              "--ctx-size " + cells,
              separateCaches ? "the same; both divide it by the slots" : "the same, for all slots together"),
          new Term(
              "KV cache",
              separateCaches ? "--no-kv-unified" : "--kv-unified",
              separateCaches ? "--no-kv-unified" : "--kv-unified",
              separateCaches
                  ? "a cache for each slot, because --separate-caches asks for it; llama-server’s default with"
                      + " --parallel"
                  : "one cache for all slots; so is llama-server’s default when it chooses the number of slots itself"),
          new Term("KV type", "--kv-type f16 --kv-value-type f16", "--cache-type-k f16 --cache-type-v f16", "the same"),
          new Term("flash attention", "--flash-attn auto", "--flash-attn auto", "the same, chosen by libllama"),
          new Term(
              "batch",
              "--batch-size " + batch + " --ubatch-size " + Math.min(batch, MICRO_BATCH),
              "--batch-size " + batch + " --ubatch-size " + Math.min(batch, MICRO_BATCH),
              "the same; with llama-server’s default of 2048 a long prompt would hold the others up for longer"),
          new Term(
              "layers on a GPU",
              "--gpu-layers " + gpuLayers,
              "--gpu-layers " + gpuLayers,
              "the same; no effect without a GPU"),
          new Term("model file", "--load-mode mmap", "--load-mode mmap", "the same"),
          new Term("cached prompts", "--cache-ram 1G", "--cache-ram 1024", "the same size in host memory"),
          new Term(
              "reuse of prefixes",
              "(on, by token)",
              "--cache-prompt --cache-reuse 0",
              "the default of both; 0 means prefixes only, as ours: no chunks are shifted to other positions"),
          new Term("queue", "(64 requests)", "(without limit)", "never full: at most 32 clients wait in these loads"),
          new Term(
              "warm-up",
              "(on)",
              "--warmup",
              "both compute a token before they are ready; then one uncounted load of each kind"),
          new Term("memory fit", "(checks only)", "--fit off", "nothing is to be changed by itself"),
          new Term("log", "(warnings)", "--log-verbosity 2", "warnings only"),
          new Term("web page", "(on)", "--no-ui", "not asked for"),
          new Term(
              "sampling",
              "(temperature 0, ignore_eos)",
              "(temperature 0, ignore_eos)",
              "in every request: greedy answers of the same length"));
      if (!oursToo.contains("--itl-target")) {
        terms.add(
            new Term(
                "step budget",
                "(--itl-target 50, its default)",
                "(has none)",
                "not equal on purpose: it is what ours does about long prompts"));
      }
      if (!oursToo.isEmpty() || !theirsToo.isEmpty()) {
        terms.add(
            new Term(
                FURTHER,
                "(" + String.join(" ", oursToo) + ")",
                "(" + String.join(" ", theirsToo) + ")",
                "not equal: asked for by --ours and --theirs"));
      }
      return terms;
    }
  }

  /**
   * Starts both, one after the other.
   *
   * @throws CompareException if one does not become ready; none runs then
   */
  static ServerPair start(
      Checkout checkout, Children.Command ours, int ourPort, Peer peer, Children.Command theirs, int theirPort)
      throws InterruptedException {
    Path logs = checkout.logs();
    Server first =
        Server.start(
            "our server", checkout.children(), ours, ourPort, READY, logs.resolve("panallama-serve.log"), PATIENCE);
    try {
      return new ServerPair(
          first,
          Server.start(
              peer.name(),
              checkout.children(),
              theirs,
              theirPort,
              peer.readyPath(),
              logs.resolve(peer.log()),
              PATIENCE));
    } catch (CompareException | InterruptedException e) {
      first.close();
      throw e;
    }
  }

  /** Whether both run the very same files of llama.cpp and ggml; holds where the system does not tell, and says so. */
  Section.Check sameLibraries() {
    Optional<Set<String>> ourFiles = ours.llamaLibraries();
    Optional<Set<String>> theirFiles = theirs.llamaLibraries();
    if (ourFiles.isEmpty() || theirFiles.isEmpty()) {
      return new Section.Check(true, "Which libraries the servers have mapped is not told by this system.");
    }
    // A statically linked program has none, and not the same code.
    Set<String> our = ourFiles.get();
    Set<String> their = theirFiles.get();
    String names = String.join(", ", our.stream().map(file -> file.substring(file.lastIndexOf('/') + 1)).toList());
    return !our.isEmpty() && our.equals(their)
        ? new Section.Check(true, "Both servers have mapped the very same files: " + names + ".")
        : new Section.Check(
            false, "The servers have mapped different libraries: ours " + our + ", theirs " + their + ".");
  }

  ServerRounds.Side ours() {
    return side(ours);
  }

  ServerRounds.Side theirs() {
    return side(theirs);
  }

  private static ServerRounds.Side side(Server server) {
    return new ServerRounds.Side() {
      @Override
      public URI address() {
        if (!server.isAlive()) {
          throw new CompareException(server.name() + " has ended; see its log");
        }
        return server.address();
      }

      @Override
      public ProcessUse use() {
        return server.use();
      }
    };
  }

  @Override
  public void close() {
    ours.close();
    theirs.close();
  }
}
