package io.panallama.server.registry;

import io.panallama.generation.GenerationEvent;

/**
 * Is told how requests end, for statistics. Called once per generation or request, never per token, by the thread that serves
 * the request. Implementations are safe for use by several threads, do not block and do not throw.
 *
 * <p>A route is the path of its pattern, such as {@code /v1/chat/completions}, so there is a small number of them.
 */
public interface RequestMeter {
  /** Counts nothing. */
  RequestMeter NONE =
      new RequestMeter() {
        @Override
        public void finished(String model, String route, GenerationEvent.Finished end) {}

        @Override
        public void failed(String model, String route) {}

        @Override
        public void abandoned(String model, String route) {}

        @Override
        public void refused(String model, String route, String reason) {}

        @Override
        public void responded(String route, String method, int status) {}
      };

  /** A generation has ended, possibly because it was cancelled. */
  void finished(String model, String route, GenerationEvent.Finished end);

  /** A generation that had begun ended with an error. */
  void failed(String model, String route);

  /** A generation was cancelled and nobody read its end, since its client was gone or another choice of the request failed. */
  void abandoned(String model, String route);

  /**
   * A request that would have generated was refused before it began.
   *
   * @param model empty if the request was refused before its model was known
   * @param reason the code of its error, such as {@code queue_full}
   */
  void refused(String model, String route, String reason);

  /**
   * An HTTP request was answered.
   *
   * @param route empty if no route has its path
   */
  void responded(String route, String method, int status);
}
