package io.panallama.server.keys;

import io.panallama.request.Tenant;

/** Whom a request's tokens are charged to. Safe for any thread. */
public interface Account {
  /** That of a request without a key. */
  Account NONE =
      new Account() {
        @Override
        public void charge(long promptTokens, long answerTokens) {}

        @Override
        public Runnable hold() {
          return () -> {};
        }

        @Override
        public void done() {}
      };

  /** For whom the engine computes the request. */
  default Tenant tenant() {
    return Tenant.SHARED;
  }

  /** Charges tokens when they are known. They count even beyond the limit; it is the next request that is refused. */
  void charge(long promptTokens, long answerTokens);

  /**
   * Lets the request count as running beyond its answer, for work that goes on without its client.
   *
   * @return ends that; repeating it is harmless
   */
  Runnable hold();

  /**
   * Ends what counts as running, but for {@linkplain #hold holds}: call it before the last of the answer is sent, since a client may send
   * its next request as soon as it has that. Repeating it is harmless.
   */
  void done();
}
