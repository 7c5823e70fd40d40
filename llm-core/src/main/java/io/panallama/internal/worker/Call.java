package io.panallama.internal.worker;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A question to a worker, whose answer a caller waits for. */
final class Call implements Suspect {
  private final long id;
  private final Question question;
  private final byte[] content;
  private final CompletableFuture<Input> answer = new CompletableFuture<>();

  // ---- guarded by the lock of what is in flight ----

  private @Nullable Life life;

  /**
   * @param content the question and its values
   */
  Call(long id, Question question, byte[] content) {
    this.id = id;
    this.question = question;
    this.content = content;
  }

  long id() {
    return id;
  }

  byte[] content() {
    return content;
  }

  @Override
  public Refusals.Key key() {
    return Refusals.key(content);
  }

  /** A call has no progress: it is answered or not. */
  @Override
  public long position() {
    return Suspicion.PREPARING;
  }

  /** Whether its answer takes the model, so that a worker which gives it has achieved something. */
  boolean computes() {
    return question.computes();
  }

  /** What it looks like, for a crash report. */
  String description() {
    return "call " + question + " of " + content.length + " bytes";
  }

  CompletableFuture<Input> answer() {
    return answer;
  }

  @Override
  public @Nullable Life life() {
    return life;
  }

  void sent(Life to) {
    life = to;
    to.send(new Output(content.length + 16).begin(FrameKind.CALL).put(id).raw(content).end());
  }

  /** Its worker has died. */
  void returned() {
    life = null;
  }
}
