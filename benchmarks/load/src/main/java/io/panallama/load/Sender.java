package io.panallama.load;

import java.util.function.IntConsumer;

/** Sends requests and waits for their ends. Any thread. */
interface Sender {
  /** Failures are records, too. */
  RequestRecord send(Turn turn, Manner manner) throws InterruptedException;

  /**
   * How to send a request.
   *
   * @param index its number
   * @param group see {@link RequestRecord#group}
   * @param intended when it should begin
   * @param keepText whether the text of the answer is wanted
   * @param dropAfter leave after that many events with text; 0 stays
   * @param onEvent told of the number of events with text, at each; runs on the reading thread
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
