package io.panallama.internal.worker;

import io.panallama.error.InvalidRequestException;
import io.panallama.internal.prepare.TaskSource;
import io.panallama.internal.request.RequestSize;
import io.panallama.request.GenerationOptions;
import io.panallama.request.GenerationRequest;
import java.io.IOException;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * The worker's side of the connection: starts the engine, submits what the supervisor sends, and sends back what comes
 * of it.
 *
 * <p>An engine's threads for preparations take turns at the connection. The one that receives a request prepares it, while another
 * one receives. Who receives never waits for the engine or for the connection, so the two sides can't block each other.
 */
public final class WorkerServer {
  /** How often a worker says that it is alive. */
  static final Duration BEAT = Duration.ofMillis(200);

  private final Wire wire;
  private final HostedModel.Opener opener;
  private final Consumer<byte[]> preparing;
  private final Map<Long, Outgoing> outgoing = new ConcurrentHashMap<>();

  /** The calls that preparations answer. */
  private final Map<Long, TaskSource.Task> questions = new ConcurrentHashMap<>();

  /** The calls about texts. */
  private final Map<Long, Answering> answering = new ConcurrentHashMap<>();

  private final ShortCalls shortCalls;
  private final Pump pump;
  private volatile @Nullable HostedModel backend;
  private volatile boolean ended;

  /**
   * @param preparing sees the bytes of each request before it is prepared, on the thread that prepares it; for tests
   */
  public WorkerServer(Wire wire, HostedModel.Opener opener, Consumer<byte[]> preparing) {
    this.wire = wire;
    this.opener = opener;
    this.preparing = preparing;
    this.shortCalls = new ShortCalls(preparing, this::send);
    this.pump = new Pump(wire, one -> outgoing.remove(one.id()));
  }

  /**
   * Serves until the supervisor ends it.
   *
   * @return whether it was ended in order; otherwise the connection is lost, and the process must end at once
   */
  public boolean run() {
    try {
      Wire.Frame first = wire.receive();
      if (first == null || first.kind() != FrameKind.START) {
        return false;
      }
      StartOrder order = StartOrder.read(first.values());
      Thread.ofPlatform().name("panallama-beat").daemon(true).start(this::beat);
      Thread.ofPlatform().name("panallama-start").daemon(true).start(() -> open(order));
      Wire.Frame frame = wire.receive();
      if (frame == null) {
        return false;
      }
      HostedModel running = backend;
      if (running != null) {
        Incoming incoming = new Incoming(frame);
        attend(running, incoming);
        return incoming.endedInOrder();
      }
      return switch (frame.kind()) {
        case CLOSE -> true;
        case SUBMIT, CALL, CREDIT, CANCEL -> throw new WireException("a worker got a request before its engine ran");
        default -> throw unexpected(frame.kind());
      };
    } catch (IOException lost) {
      return false;
    } finally {
      ended = true;
    }
  }

  private static void attend(HostedModel running, TaskSource incoming) {
    if (running instanceof WorkerBackend engine) {
      engine.attend(incoming);
      return;
    }
    TaskSource.Task task;
    while ((task = incoming.next()) != null) {
      // A call about texts waits for most of its time.
      Thread.ofVirtual().name("panallama-texts").start(task::run);
    }
  }

  private static WireException unexpected(FrameKind kind) {
    return new WireException("a worker got a frame of kind " + kind);
  }

  /** What the supervisor sends once the engine runs. Used by one thread at a time. */
  private final class Incoming implements TaskSource {
    private Wire.@Nullable Frame first;
    private boolean ordered;
    private @Nullable RuntimeException defect;

    /**
     * @param first was received already
     */
    Incoming(Wire.Frame first) {
      this.first = first;
    }

    @Override
    public @Nullable Task next() {
      try {
        Wire.Frame frame = first == null ? wire.receive() : first;
        first = null;
        while (frame != null) {
          switch (frame.kind()) {
            case SUBMIT -> {
              return submit(frame.values());
            }
            case CALL -> {
              Task task = call(frame.values());
              if (task != null) {
                return task;
              }
            }
            case CREDIT -> credit(frame.values());
            case CANCEL -> cancel(frame.values());
            case CLOSE -> {
              ordered = true;
              return null;
            }
            default -> throw unexpected(frame.kind());
          }
          frame = wire.receive();
        }
      } catch (IOException lost) {
        lost.printStackTrace();
        // This is the end, and not one in order.
        return null;
      } catch (RuntimeException broken) {
        defect = broken;
      }
      return null;
    }

    boolean endedInOrder() {
      if (defect != null) {
        throw defect;
      }
      return ordered;
    }
  }

  /** Ends the engine. */
  public void close() {
    HostedModel running = backend;
    if (running != null) {
      running.close();
    }
    wire.close();
  }

  private void open(StartOrder order) {
    Output out = new Output();
    try {
      HostedModel opened = opener.open(order, pump, this::progress);
      pump.start();
      backend = opened;
      out.begin(FrameKind.READY);
      opened.facts().write(out);
      out.end();
    } catch (Throwable failure) {
      out = new Output().begin(FrameKind.FAILED);
      FailureCodec.write(out, failure);
      out.end();
    }
    send(out);
  }

  private boolean progress(float share) {
    send(new Output().begin(FrameKind.PROGRESS).put(share).end());
    return !ended;
  }

  private void beat() {
    Output out = new Output();
    try {
      while (!ended) {
        HostedModel running = backend;
        // While texts are tokenized where frames are received, that is what may never end.
        out.begin(FrameKind.BEAT)
            .put(Math.max(pump.stepAge(), shortCalls.age()))
            .put(pump.longestStep())
            .put(running != null);
        if (running != null) {
          EventCodec.write(out, running.stats());
        }
        wire.send(out.end());
        out.clear();
        Throwable failure = running == null ? null : running.failure().orElse(null);
        if (failure != null) {
          out.begin(FrameKind.FAILED);
          FailureCodec.write(out, failure);
          wire.send(out.end());
          return;
        }
        Thread.sleep(BEAT);
      }
    } catch (IOException | InterruptedException lost) {
      // The thread that receives notices, too.
      return;
    }
  }

  // ---- frames ----

  private TaskSource.Task submit(Input in) {
    long id = in.number();
    long elapsed = in.number();
    boolean continued = in.flag();
    Outgoing fresh = new Outgoing(id, in.integer());
    int[] replay = in.integers();
    byte[] request = in.rest();
    outgoing.put(id, fresh);
    TaskSource.Task task =
        new TaskSource.Task(
            request.length > RequestSize.LARGE,
            () -> prepare(fresh, request, elapsed, replay, continued),
            refusal -> refuse(fresh, refusal));
    fresh.preparedBy(task);
    return task;
  }

  private void prepare(Outgoing fresh, byte[] bytes, long elapsed, int[] replay, boolean continued) {
    WorkerBackend.Started started;
    try {
      preparing.accept(bytes);
      GenerationRequest request = left(RequestCodec.read(new Input(bytes)), elapsed);
      started = running().start(request, replay, fresh, continued);
    } catch (Throwable refused) {
      refuse(fresh, refused);
      return;
    }
    fresh.started(started.generation(), started.promptTokens());
    try {
      pump.add(fresh, started.slow());
    } catch (IOException lost) {
      ended = true;
    }
  }

  private void refuse(Outgoing fresh, Throwable why) {
    outgoing.remove(fresh.id());
    Output out = new Output().begin(FrameKind.REFUSED).put(fresh.id());
    FailureCodec.write(out, why);
    send(out.end());
  }

  /** The request with what is left of its time limit. */
  private static GenerationRequest left(GenerationRequest request, long elapsed) {
    GenerationOptions options = request.options();
    if (elapsed <= 0 || options.timeLimit().isEmpty()) {
      return request;
    }
    Duration left = options.timeLimit().get().minusNanos(elapsed);
    return request.with(options.toBuilder().timeLimit(left.isPositive() ? left : Duration.ofNanos(1)).build());
  }

  private void credit(Input in) {
    Outgoing one = outgoing.get(in.number());
    if (one != null) {
      one.credit(in.integer());
      pump.wake();
    }
  }

  private void cancel(Input in) {
    long id = in.number();
    Outgoing one = outgoing.get(id);
    if (one != null) {
      one.cancel();
    }
    TaskSource.Task question = questions.get(id);
    if (question != null) {
      question.cancel();
    }
    Answering call = answering.get(id);
    if (call != null) {
      call.cancel();
    }
    shortCalls.cancel(id);
  }

  /** Answers a call; null if that needs no thread. */
  private TaskSource.@Nullable Task call(Input in) {
    long id = in.number();
    byte[] rest = in.rest();
    if (backend instanceof TextBackend texts) {
      if (shortCalls.take(id, rest, texts)) {
        return null;
      }
      Answering fresh = new Answering();
      answering.put(id, fresh);
      return new TaskSource.Task(false, () -> answer(id, rest, fresh, texts), refusal -> send(failed(id, refusal)));
    }
    TaskSource.Task task =
        new TaskSource.Task(
            rest.length > RequestSize.LARGE, () -> answer(id, rest), refusal -> end(id, failed(id, refusal)));
    questions.put(id, task);
    return task;
  }

  /** Begins the answer to a call, which {@link Output#end} ends. */
  static Output result(long id) {
    return new Output().begin(FrameKind.RESULT).put(id).put(true);
  }

  static Output failed(long id, Throwable failure) {
    Output out = new Output().begin(FrameKind.RESULT).put(id).put(false);
    FailureCodec.write(out, failure);
    return out.end();
  }

  private void end(long question, Output answer) {
    questions.remove(question);
    send(answer);
  }

  private void answer(long id, byte[] question) {
    end(id, answered(id, question, (kind, values, out) -> answer(kind, values, out, running())));
  }

  /** Answers a call about texts, on a thread of its own. */
  private void answer(long id, byte[] question, Answering call, TextBackend texts) {
    try {
      if (call.begin()) {
        Output out = answered(id, question, (kind, values, into) -> TextCodec.answer(kind, values, into, texts));
        if (call.end()) {
          send(out);
        }
      }
    } finally {
      answering.remove(id);
    }
  }

  /** Writes the answer to a question. */
  @FunctionalInterface
  private interface Answerer {
    void answer(Question kind, Input values, Output out);
  }

  private Output answered(long id, byte[] question, Answerer answerer) {
    try {
      Output out = result(id);
      Input in = new Input(question);
      Question kind = in.constant(Question.class);
      byte[] rest = in.rest();
      preparing.accept(rest);
      answerer.answer(kind, new Input(rest), out);
      out.end();
      if (out.length() > SocketWire.LONGEST_FRAME) {
        throw new InvalidRequestException(
            "texts",
            InvalidRequestException.name("texts")
                + " give an answer of more than 1 GiB, which a process can't hand over at once; send fewer.");
      }
      return out;
    } catch (Throwable failure) {
      return failed(id, failure);
    }
  }

  private static void answer(Question kind, Input values, Output out, WorkerBackend running) {
    switch (kind) {
      case RENDER -> out.put(running.render(RequestCodec.chat(values)));
      case COUNT_REQUEST -> out.put(running.countTokens(RequestCodec.read(values)));
      case COUNT_TEXT -> out.put(running.countTokens(values.text()));
      case TOKENIZE -> out.put(running.tokenize(values.text(), values.flag(), values.flag()));
      case DETOKENIZE -> out.put(running.detokenize(values.integers()));
      case PIECES -> running.pieces(out);
      case REHEARSE -> Rehearsal.answer(values, out, running);
      case EMBED, EMBED_TOKENS, TOKEN_VECTORS, TOKEN_VECTORS_OF, RANK, CLASSIFY ->
          throw new WireException("a worker that runs an engine was asked for " + kind);
    }
  }

  private WorkerBackend running() {
    if (backend instanceof WorkerBackend running) {
      return running;
    }
    throw new IllegalStateException("The worker's engine does not run yet.");
  }

  /** Sends from a thread that has nothing else to do if the connection is gone: the receiving one ends the process. */
  private void send(Output out) {
    try {
      wire.send(out);
    } catch (IOException lost) {
      ended = true;
    }
  }
}
