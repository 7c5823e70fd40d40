package io.panallama;

import io.panallama.config.EngineConfig;
import io.panallama.config.ModelConfig;
import io.panallama.config.Trial;
import io.panallama.generation.GenerationEvent;
import io.panallama.internal.worker.EventCodec;
import io.panallama.internal.worker.FrameKind;
import io.panallama.internal.worker.Input;
import io.panallama.internal.worker.Output;
import io.panallama.internal.worker.Question;
import io.panallama.internal.worker.RequestCodec;
import io.panallama.internal.worker.SocketWire;
import io.panallama.internal.worker.StartOrder;
import io.panallama.internal.worker.Wire;
import io.panallama.request.ChatRequest;
import io.panallama.request.CompletionRequest;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import java.io.IOException;
import java.net.StandardProtocolFamily;
import java.net.UnixDomainSocketAddress;
import java.nio.channels.ServerSocketChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Does in one process what a worker does first, so that the JVM can record the classes, the linkage and the profiles of
 * it in an AOT cache (JEP 483, 514, 515). The only argument is a model file. A real worker could not record: its
 * supervisor does not wait while a JVM that ends writes its cache.
 */
final class WorkerTraining {
  /** Enough that the JVM finds out which methods a request runs often. */
  private static final int REQUESTS = 8;

  /** The worker's window of unread events. */
  private static final int CREDIT = 256;

  private WorkerTraining() {}

  public static void main(String[] arguments) throws IOException {
    Path folder = Files.createTempDirectory("panallama-");
    Path socket = folder.resolve("s");
    try (ServerSocketChannel server = ServerSocketChannel.open(StandardProtocolFamily.UNIX)) {
      server.bind(UnixDomainSocketAddress.of(socket));
      CompletableFuture<Boolean> worker = CompletableFuture.supplyAsync(() -> work(socket));
      try (Wire wire = new SocketWire(server.accept())) {
        supervise(wire, Path.of(arguments[0]));
        if (!worker.join()) {
          throw new IOException("the worker lost its connection");
        }
      }
    } finally {
      Files.deleteIfExists(socket);
      Files.deleteIfExists(folder);
    }
    System.exit(0);
  }

  private static boolean work(Path socket) {
    try {
      return WorkerMain.serve(socket);
    } catch (IOException lost) {
      return false;
    }
  }

  private static void supervise(Wire wire, Path model) throws IOException {
    Output start = new Output().begin(FrameKind.START);
    ModelConfig modelConfig = ModelConfig.builder().trial(Trial.NEVER).build();
    new StartOrder(model, modelConfig, EngineConfig.defaults()).write(start);
    wire.send(start.end());
    await(wire, FrameKind.READY);
    GenerationOptions options = GenerationOptions.builder().maxTokens(16).build();
    // A server begins with these two.
    Output render = new Output().begin(FrameKind.CALL).put(0L).put(Question.RENDER);
    RequestCodec.write(render, (GenerationRequest) ChatRequest.of("Hello"));
    wire.send(render.end());
    await(wire, FrameKind.RESULT);
    generate(wire, 1, CompletionRequest.of(new int[] {0, 0}).with(options));
    for (int id = 2; id <= REQUESTS; id++) {
      generate(wire, id, ChatRequest.of("Hello").with(options));
    }
    wire.send(new Output().begin(FrameKind.CLOSE).end());
  }

  private static void generate(Wire wire, long id, GenerationRequest asked) throws IOException {
    Output request = new Output();
    RequestCodec.write(request, asked);
    Output submit = new Output().begin(FrameKind.SUBMIT).put(id).put(0L).put(false);
    wire.send(submit.put(CREDIT).put(new int[0], 0).raw(request.toBytes()).end());
    awaitEnd(wire);
  }

  private static void awaitEnd(Wire wire) throws IOException {
    while (true) {
      Input events = await(wire, FrameKind.EVENTS);
      events.number();
      events.integer();
      events.integers();
      List<GenerationEvent> read = events.list(EventCodec::read);
      if (read.stream().anyMatch(GenerationEvent.Finished.class::isInstance)) {
        return;
      }
    }
  }

  private static Input await(Wire wire, FrameKind kind) throws IOException {
    Wire.Frame frame;
    while ((frame = wire.receive()) != null) {
      if (frame.kind() == kind) {
        return frame.values();
      }
      switch (frame.kind()) {
        case FAILED, REFUSED, BROKEN -> throw new IOException("the worker answered " + frame.kind());
        default -> {} // beats and progress
      }
    }
    throw new IOException("the worker ended before " + kind);
  }
}
