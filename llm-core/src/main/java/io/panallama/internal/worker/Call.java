package io.panallama.internal.worker;

import java.util.concurrent.CompletableFuture;
import org.jspecify.annotations.Nullable;

/** A question to a worker, whose answer a caller waits for. */
final class Call {
  private final long id;
  private final byte[] content;
  private final CompletableFuture<Input> answer = new CompletableFuture<>();

  // ---- guarded by the lock of what is in flight ----

  private @Nullable Life life;
  private int deaths;

  /**
   * @param content the question and its values
   */
  Call(long id, byte[] content) {
    this.id = id;
    this.content = content;
  }

  long id() {
    return id;
  }

  byte[] content() {
    return content;
  }

  /** By which it is known again. */
  Refusals.Key key() {
    return Refusals.key(content);
  }

  CompletableFuture<Input> answer() {
    return answer;
  }

  /** The worker that has it; null while it waits for one. */
  @Nullable Life life() {
    return life;
  }

  void sent(Life to) {
    life = to;
    to.send(new Output(content.length + 16).begin(FrameKind.CALL).put(id).raw(content).end());
  }

  /** Its worker has died; {@code counts} if the call may be the reason. */
  void died(boolean counts) {
    life = null;
    deaths += counts ? 1 : 0;
  }

  int deaths() {
    return deaths;
  }
}
