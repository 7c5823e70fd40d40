package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.error.NativeLibraryException;
import io.panallama.generation.Generation;
import io.panallama.internal.engine.Replay;
import io.panallama.internal.engine.StepObserver;
import io.panallama.internal.prepare.TaskSource;
import io.panallama.internal.schedule.Admission;
import io.panallama.internal.worker.HostedModel;
import io.panallama.internal.worker.Output;
import io.panallama.internal.worker.SocketWire;
import io.panallama.internal.worker.StartOrder;
import io.panallama.internal.worker.TextRole;
import io.panallama.internal.worker.WorkerBackend;
import io.panallama.internal.worker.WorkerFacts;
import io.panallama.internal.worker.WorkerServer;
import io.panallama.internal.worker.Workload;
import io.panallama.observe.EngineStats;
import io.panallama.request.ChatRequest;
import io.panallama.request.GenerationRequest;
import java.io.IOException;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.SocketChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.IntConsumer;
import org.jspecify.annotations.Nullable;

/**
 * The program of a worker process: an ordinary engine, embedder, reranker or classifier, controlled over a socket by an
 * {@link IsolatedEngine} or an {@link IsolatedEncoder}.
 */
final class WorkerMain {
  /** The kernel's scale goes to 1000; whatever else the user runs has 0. */
  private static final String TAKE_ME_FIRST = "900";

  /**
   * For tests: a request whose bytes contain this text ends the worker while it is prepared. The text must be ASCII.
   */
  private static final @Nullable String FATAL_TEXT = System.getProperty("panallama.worker.fatalText");

  private WorkerMain() {}

  public static void main(String[] arguments) throws IOException {
    offerToOutOfMemoryKiller();
    if (!serve(Path.of(arguments[0]))) {
      // The supervisor is gone, or nothing can be said to it. A step that hangs must not keep the process.
      Runtime.getRuntime().halt(1);
    }
    // Threads that wait for the engine or the socket are daemons.
    System.exit(0);
  }

  /**
   * Serves the supervisor that listens on a socket.
   *
   * @return whether it ended in order
   */
  static boolean serve(Path socket) throws IOException {
    // The order to load a model comes once the supervisor is connected.
    var _ = CompletableFuture.runAsync(WorkerMain::prepare);
    try (SocketChannel channel = SocketChannel.open(UnixDomainSocketAddress.of(socket))) {
      WorkerServer server = new WorkerServer(new SocketWire(channel), WorkerMain::open, WorkerMain::dieIfAsked);
      boolean ordered = server.run();
      if (ordered) {
        server.close();
      }
      return ordered;
    }
  }

  private static void prepare() {
    try {
      NativeRuntime.prepare();
    } catch (NativeLibraryException reported) {
      // The order to load a model fails in the same way, and the supervisor learns of it.
      return;
    }
  }

  /** If memory runs out, the kernel should end this process and not the one that serves. */
  private static void offerToOutOfMemoryKiller() {
    Path score = Path.of("/proc/self/oom_score_adj");
    try {
      if (Files.isWritable(score)) {
        Files.writeString(score, TAKE_ME_FIRST);
      }
    } catch (IOException kept) {
      System.getLogger("io.panallama.worker")
          .log(System.Logger.Level.DEBUG, "The kernel does not let this process be the first to go.", kept);
    }
  }

  private static void dieIfAsked(byte[] request) {
    if (FATAL_TEXT != null && new String(request, StandardCharsets.ISO_8859_1).contains(FATAL_TEXT)) {
      Runtime.getRuntime().halt(134);
    }
  }

  private static HostedModel open(StartOrder order, StepObserver observer, HostedModel.Progress progress) {
    order.work().isolation().numa().ifPresent(NativeRuntime::initializeNuma);
    ModelConfig loading = order.model().toBuilder().listener(progress::at).build();
    return switch (order.work()) {
      case Workload.Generations(EngineConfig config) ->
          new EngineBackend(LocalEngine.load(order.file(), loading, config, observer));
      case Workload.Texts(TextRole role, EmbedderConfig config) ->
          WorkerTexts.open(order.file(), loading, role, config, observer);
    };
  }

  /** The engine of the worker. */
  private record EngineBackend(LocalEngine engine) implements WorkerBackend {
    @Override
    public WorkerFacts facts() {
      return new WorkerFacts(
          engine.modelFacts(), engine.config(), engine.sequenceContextSize(), engine.natives(), engine.devices());
    }

    @Override
    public void attend(TaskSource source) {
      engine.attend(source);
    }

    @Override
    public Started start(GenerationRequest request, int[] replay, IntConsumer read, boolean continued) {
      // The supervisor counts requests; only here the length of a prompt is known.
      Admission.Bounds bounds = continued ? Admission.Bounds.NONE : Admission.Bounds.TOKENS;
      LocalEngine.Replayed started = engine.generate(request, new Replay(replay, read, bounds));
      Generation generation = started.generation();
      return new Started(generation, started.promptTokens(), started.parsed());
    }

    @Override
    public void rehearse(GenerationRequest request) {
      engine.rehearse(request);
    }

    @Override
    public String render(ChatRequest request) {
      return engine.render(request);
    }

    @Override
    public int countTokens(GenerationRequest request) {
      return engine.countTokens(request);
    }

    @Override
    public int countTokens(String text) {
      return engine.countTokens(text);
    }

    @Override
    public int[] tokenize(String text, boolean addSpecial, boolean parseSpecial) {
      return engine.tokenize(text, addSpecial, parseSpecial);
    }

    @Override
    public String detokenize(int[] tokens) {
      return engine.detokenize(tokens);
    }

    @Override
    public void pieces(Output out) {
      out.put(engine.model().vocabulary().pieces().bytes()).put(engine.model().vocabulary().pieces().offsets());
    }

    @Override
    public Optional<Throwable> failure() {
      return engine.failure();
    }

    @Override
    public EngineStats stats() {
      return engine.stats();
    }

    @Override
    public void close() {
      engine.close();
    }
  }
}
