package io.panallama.load;

import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.SplittableRandom;

/** The requests of one client, each of which may depend on the answer before it. For one thread. */
interface Dialogue {
  /**
   * The next request; empty at the end.
   *
   * @param answer the text of the last one, empty before the first
   */
  Optional<Turn> next(String answer);

  /** Whether {@link #next} looks at answers. */
  default boolean needsAnswers() {
    return false;
  }

  /** Makes the dialogues of one row of results. */
  interface Source {
    Dialogue number(int number);
  }

  /** A single request. */
  static Dialogue of(Turn turn) {
    List<Turn> rest = new ArrayList<>(List.of(turn));
    return _ -> rest.isEmpty() ? Optional.empty() : Optional.of(rest.removeFirst());
  }

  /** The dialogues of a scenario that is a loop. */
  static Source source(LoadPlan plan, Prompts prompts, int row) {
    Lengths lengths = plan.lengths();
    // No dialogue has the number -1.
    String shared = lengths.shared() == 0 ? "" : prompts.text(prompts.random(row, 0, -1), lengths.shared());
    return switch (plan.scenario()) {
      case SHARED_PREFIX -> number -> of(withSystem(shared, chat(plan, prompts, row, number)));
      case AGENT -> number -> new Agent(lengths, prompts, row, number, shared);
      default -> number -> of(chat(plan, prompts, row, number));
    };
  }

  private static Turn chat(LoadPlan plan, Prompts prompts, int row, int number) {
    SplittableRandom random = prompts.random(row, 0, number);
    if (plan.mix().isPresent()) {
      Mix mix = plan.mix().get();
      return Turn.user(prompts.text(random, mix.prompt(random)), mix.answer(random));
    }
    Lengths lengths = plan.lengths();
    String text = prompts.text(random, lengths.vary(lengths.prompt(), random));
    return Turn.user(text, lengths.vary(lengths.answer(), random));
  }

  private static Turn withSystem(String system, Turn turn) {
    if (system.isEmpty()) {
      return turn;
    }
    List<Turn.Message> messages = new ArrayList<>(List.of(new Turn.Message("system", system)));
    messages.addAll(turn.messages());
    return new Turn(messages, turn.answerTokens());
  }

  /** A conversation that grows by an answer and a message at every turn. */
  final class Agent implements Dialogue {
    private final Lengths lengths;
    private final Prompts prompts;
    private final SplittableRandom random;
    private final List<Turn.Message> history = new ArrayList<>();
    private int turns;

    Agent(Lengths lengths, Prompts prompts, int row, int number, String system) {
      this.lengths = lengths;
      this.prompts = prompts;
      this.random = prompts.random(row, 0, number);
      if (!system.isEmpty()) {
        history.add(new Turn.Message("system", system));
      }
    }

    @Override
    public boolean needsAnswers() {
      return true;
    }

    @Override
    public Optional<Turn> next(String answer) {
      if (turns == lengths.turns()) {
        return Optional.empty();
      }
      if (turns++ > 0) {
        // An empty message is refused by some templates.
        history.add(new Turn.Message("assistant", answer.isBlank() ? "..." : answer));
      }
      history.add(new Turn.Message("user", prompts.text(random, lengths.vary(lengths.prompt(), random))));
      return Optional.of(new Turn(history, lengths.vary(lengths.answer(), random)));
    }
  }
}
