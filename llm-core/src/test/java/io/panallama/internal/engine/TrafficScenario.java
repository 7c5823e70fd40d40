package io.panallama.internal.engine;

import io.panallama.internal.decode.Decoder.Status;
import io.panallama.internal.decode.KvMemory.Rewind;
import io.panallama.request.ContextOverflow;
import io.panallama.request.GenerationOptions;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;

/**
 * What happens to an engine, turn by turn of its loop, and what the engine is like. Everything is written out, so that a
 * scenario that fails can be made smaller by leaving actions out.
 *
 * @param batch tokens of a step
 * @param context cells of the KV cache
 * @param sequenceContext tokens of a sequence
 * @param sequenceIds ids of the KV cache
 * @param split whether each sequence id has cells of its own
 * @param rewind whether the memory can go back
 * @param itlTarget of the engine, whose clock moves by the cost of each step
 * @param memoryBytes to spill to; the image of a token has four
 * @param diskBytes to spill to; when the disk answers is the one thing that is not always the same
 */
record TrafficScenario(
    int slots,
    int batch,
    int context,
    int sequenceContext,
    int sequenceIds,
    boolean split,
    int mailbox,
    Rewind rewind,
    Duration itlTarget,
    int memoryBytes,
    int diskBytes,
    List<Action> actions) {

  static final int VOCABULARY = 200;

  /** Something that happens before a turn. */
  sealed interface Action {
    int turn();
  }

  /**
   * A request.
   *
   * @param readFrom the turn from which its reader reads; before, the mailbox fills
   */
  record Submit(int turn, int request, int[] prompt, GenerationOptions options, int readFrom) implements Action {
    @Override
    public String toString() {
      return "Submit[turn=%d, request=%d, prompt=%s, max=%d, priority=%d, overflow=%s, readFrom=%d]"
          .formatted(
              turn,
              request,
              Arrays.toString(prompt),
              options.maxTokens(),
              options.priority(),
              options.overflow(),
              readFrom);
    }
  }

  /** The reader of a request leaves. */
  record Cancel(int turn, int request) implements Action {}

  /** The next step goes wrong. */
  record Break(int turn, Status status) implements Action {}

  TrafficScenario with(List<Action> newActions) {
    return new TrafficScenario(
        slots,
        batch,
        context,
        sequenceContext,
        sequenceIds,
        split,
        mailbox,
        rewind,
        itlTarget,
        memoryBytes,
        diskBytes,
        newActions);
  }

  /** New prompts, turns of conversations, branches of what is being generated, pauses, cancellations, broken steps. */
  static TrafficScenario random(long seed) {
    Random random = new Random(seed);
    int slots = 1 + random.nextInt(6);
    int sequenceContext = 150 + random.nextInt(100);
    boolean shares = random.nextInt(5) > 0;
    boolean split = seed % 3 == 0;
    List<Action> actions = new ArrayList<>();
    List<int[]> texts = new ArrayList<>();
    for (int length : new int[] {60, 100, 30}) {
      texts.add(random.ints(length, 0, VOCABULARY).toArray());
    }
    int turn = 0;
    for (int request = 0; request < 14; request++) {
      turn += random.nextInt(3) == 0 ? random.nextInt(40) : 0;
      int[] prompt = prompt(random, texts, sequenceContext - 1);
      int max = 1 + random.nextInt(random.nextInt(4) == 0 ? 120 : 30);
      GenerationOptions options =
          GenerationOptions.builder().maxTokens(max).priority(random.nextInt(GenerationOptions.MAX_PRIORITY)).build();
      if (random.nextInt(6) == 0) {
        options = options.toBuilder().overflow(new ContextOverflow.Shift(random.nextInt(sequenceContext / 2))).build();
      }
      int readFrom = random.nextInt(4) == 0 ? turn + random.nextInt(80) : turn;
      actions.add(new Submit(turn, request, prompt, options, readFrom));
      texts.add(continued(prompt, 1 + random.nextInt(max)));
      if (random.nextInt(6) == 0) {
        actions.add(new Cancel(turn + random.nextInt(20), request));
      }
      if (random.nextInt(8) == 0) {
        actions.add(new Break(turn + random.nextInt(10), Status.ABORTED));
      }
    }
    return new TrafficScenario(
        slots,
        slots + random.nextInt(40),
        (split ? slots : 1) * sequenceContext + random.nextInt(random.nextBoolean() ? 100 : 900),
        sequenceContext,
        split || !shares ? slots : slots + random.nextInt(12),
        split,
        2 + random.nextInt(12),
        List.of(Rewind.ALWAYS, Rewind.ALWAYS, Rewind.WINDOWED, Rewind.NEVER).get(random.nextInt(4)),
        random.nextBoolean() ? Duration.ofMillis(20) : Duration.ZERO,
        List.of(0, 600, 4_000, 1_000_000).get(random.nextInt(4)),
        random.nextInt(5) == 0 ? 3_000 + random.nextInt(10_000) : 0,
        actions);
  }

  private static int[] prompt(Random random, List<int[]> texts, int most) {
    int[] text = texts.get(random.nextInt(texts.size()));
    int common = random.nextInt(3) == 0 ? text.length : 1 + random.nextInt(text.length);
    int[] prompt = Arrays.copyOf(text, Math.min(most, common + random.nextInt(20)));
    for (int i = common; i < prompt.length; i++) {
      prompt[i] = random.nextInt(VOCABULARY);
    }
    return prompt;
  }

  /** A prompt with the beginning of its answer. */
  private static int[] continued(int[] prompt, int count) {
    int[] answer = FakeDecoder.expected(prompt, count, VOCABULARY);
    int[] text = Arrays.copyOf(prompt, prompt.length + count);
    System.arraycopy(answer, 0, text, prompt.length, count);
    return text;
  }
}
