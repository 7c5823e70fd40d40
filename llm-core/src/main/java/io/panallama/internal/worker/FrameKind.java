package io.panallama.internal.worker;

/** What a frame is, and after which other one it comes. */
public enum FrameKind {
  // ---- from the supervisor ----

  /** The first frame: model file, configurations, limits. */
  START,
  /** A request, with what it has generated already; answered by {@link #ACCEPTED} or {@link #REFUSED}. */
  SUBMIT,
  /** The reader of a generation has room for more events. */
  CREDIT,
  /** The reader of a generation wants no more, or the caller of a question about texts. */
  CANCEL,
  /** A question, answered by {@link #RESULT}. */
  CALL,
  /** The worker ends in order. */
  CLOSE,

  // ---- from the worker ----

  /** How much of the model is loaded. */
  PROGRESS,
  /** The engine runs; what it is. */
  READY,
  /** The engine did not start; why. */
  FAILED,
  /** A request is in the engine, and has no token yet. */
  ACCEPTED,
  /** How far the prompt of a request is, before its first event. */
  PROMPT,
  /** A request can't be executed; why. */
  REFUSED,
  /** Tokens and events of a generation; the first ones of a request may tell that it is in the engine. */
  EVENTS,
  /** A generation failed; why. */
  BROKEN,
  /** The answer to a call, or why there is none. */
  RESULT,
  /** The worker is alive; how long its step has taken, and its statistics. */
  BEAT
}
