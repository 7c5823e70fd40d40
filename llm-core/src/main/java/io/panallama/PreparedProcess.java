package io.panallama;

import io.panallama.config.EmbedderConfig;
import io.panallama.config.EngineConfig;
import io.panallama.config.Isolation;
import io.panallama.config.IsolationConfig;
import io.panallama.internal.worker.WorkerAhead;

/**
 * A process that is started before it is known which model it will compute, so that it starts beside other work:
 *
 * <pre>{@code
 * try (PreparedProcess ahead = PreparedProcess.start(IsolationConfig.defaults())) {
 *   // Read options, open files.
 *   EngineConfig config = EngineConfig.builder().isolation(Isolation.PROCESS).build();
 *   Engine engine = Engine.start(Path.of("model.gguf"), config);
 * }
 * }</pre>
 *
 * <p>The next engine, embedder, reranker or classifier that is started with {@link Isolation#PROCESS} takes the process over
 * ({@link EngineConfig.Builder#isolation}, {@link EmbedderConfig.Builder#isolation}) if it needs one with the same limit of
 * memory and the system properties {@code panallama.*} are the same as before; otherwise it ends this one and starts its own.
 * If the process dies before, its successor is told, as if it had started the process itself.
 *
 * <p>Lifetime: until {@link #close}, unless something has taken it over, to which it then belongs. There is at most one in a
 * JVM: another start returns the same one if it would be alike, and ends it otherwise. Until it is taken over it has no model, and about 100 MB. Thread-safe.
 */
public final class PreparedProcess implements AutoCloseable {
  private final WorkerAhead worker;

  private PreparedProcess(WorkerAhead worker) {
    this.worker = worker;
  }

  /**
   * Starts a process and does not wait for it. A failure is left to what takes the process over.
   *
   * @param limits only the limit of memory counts here
   */
  public static PreparedProcess start(IsolationConfig limits) {
    return new PreparedProcess(WorkerAhead.start(WorkerMain.class.getName(), limits.memoryBytes()));
  }

  /**
   * Ends the process and waits for its end, if nothing has taken it over. Repeating it is harmless. An interrupt ends the wait and
   * is kept.
   */
  @Override
  public void close() {
    worker.close();
  }
}
