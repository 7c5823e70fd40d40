package io.panallama.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * A load that both servers get.
 *
 * @param kind the behaviour of its clients
 * @param streams the number of clients at a time; in an open loop, of those that measure the capacity
 */
record LoadCase(Kind kind, int streams) {
  /** The clients of {@link Kind#QUEUE} for each slot. */
  private static final int CLIENTS_PER_SLOT = 2;

  /** The sections of the report about servers. */
  enum Kind {
    CHAT("chat", "Chat"),
    LONGER_CHAT("chat-long", "Chat with longer prompts"),
    QUEUE("queue", "More clients than slots"),
    MIXED("mixed", "Mixed lengths in an open loop"),
    TURNS("turns", "Conversations of several turns"),
    ANSWERS("parallel-answers", "Several answers to one prompt"),
    JSON("json", "JSON of a schema"),
    SHARED("shared-prompt", "Shared system prompt"),
    INTRUSION("long-prompt", "A long prompt among running streams");

    private final String id;
    private final String title;

    Kind(String id, String title) {
      this.id = id;
      this.title = title;
    }

    String id() {
      return id;
    }

    String title() {
      return title;
    }

    /** Whether only the chat route has it. */
    boolean needsChat() {
      return this == TURNS || this == JSON;
    }

    /** Whether prompts contain answers of the server, so that two servers get prompts of slightly different lengths. */
    boolean repeatsAnswers() {
      return this == TURNS;
    }
  }

  static List<LoadCase> of(Loads loads, int slots, List<Kind> kinds) {
    List<LoadCase> cases = new ArrayList<>();
    for (Kind kind : kinds) {
      List<Integer> streams =
          switch (kind) {
            case CHAT, LONGER_CHAT -> loads.chat().streams();
            case QUEUE -> List.of(CLIENTS_PER_SLOT * slots);
            case MIXED -> List.of(slots);
            case TURNS -> loads.turns().streams();
            case ANSWERS -> loads.answers().streams();
            case JSON -> loads.schemaStreams();
            case SHARED -> List.of(loads.shared().streams());
            case INTRUSION -> List.of(loads.intrusion().streams());
          };
      streams.forEach(count -> cases.add(new LoadCase(kind, count)));
    }
    return cases;
  }

  String label() {
    if (kind == Kind.MIXED) {
      return "open loop";
    }
    return streams == 1 ? "1 stream" : streams + " streams";
  }
}
