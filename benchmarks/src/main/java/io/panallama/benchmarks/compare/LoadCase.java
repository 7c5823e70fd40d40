package io.panallama.benchmarks.compare;

import java.util.ArrayList;
import java.util.List;

/**
 * A load that both servers get.
 *
 * @param kind the behaviour of its clients
 * @param streams the number of clients at a time
 */
record LoadCase(Kind kind, int streams) {
  /** The sections of the report about servers. */
  enum Kind {
    CHAT("chat", "Chat"),
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
  }

  static List<LoadCase> of(Effort effort, List<Kind> kinds) {
    List<LoadCase> cases = new ArrayList<>();
    for (Kind kind : kinds) {
      switch (kind) {
        case CHAT -> effort.chatStreams().forEach(streams -> cases.add(new LoadCase(kind, streams)));
        case SHARED -> cases.add(new LoadCase(kind, effort.sharedStreams()));
        case INTRUSION -> cases.add(new LoadCase(kind, effort.intruded()));
      }
    }
    return cases;
  }

  String label() {
    return streams == 1 ? "1 stream" : streams + " streams";
  }
}
