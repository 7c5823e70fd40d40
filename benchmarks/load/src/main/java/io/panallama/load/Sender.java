package io.panallama.load;

import java.util.function.IntConsumer;

/** Sends requests and waits for their ends. Safe for use by several threads. */
interface Sender {
  /** Sends a request and waits for its end; a failure is a record, too. */
  RequestRecord send(Turn turn, Manner manner) throws InterruptedException;

  /**
   * How to send a request.
   *
   * @param index its number
   * @param group see {@link RequestRecord#group}
   * @param intended its intended start
   * @param keepText whether to keep the text of the answer
   * @param dropAfter disconnect after this many events with text; 0 for never
   * @param onEvent receives the number of events with text after each of them, on the reading thread
   */
  record Manner(int index, String group, long intended, boolean keepText, int dropAfter, IntConsumer onEvent) {
    static final String WARM_UP = "warm-up";
    static final String MEASURED = "measured";

    Manner(int index, String group, long intended) {
      this(index, group, intended, false, 0, _ -> {});
    }

    Manner keepingText(boolean newKeepText) {
      return new Manner(index, group, intended, newKeepText, dropAfter, onEvent);
    }

    Manner droppingAfter(int newDropAfter) {
      return new Manner(index, group, intended, keepText, newDropAfter, onEvent);
    }

    Manner tellingOf(IntConsumer newOnEvent) {
      return new Manner(index, group, intended, keepText, dropAfter, newOnEvent);
    }
  }
}
