package io.panallama.server.dialect;

import io.panallama.server.registry.Registry;
import java.util.Objects;

/** Something that a dialect answers: a method and a path, and what happens there. */
public sealed interface Route {
  /** The path. A {@code *} at the end stands for anything that may follow, slashes included. */
  String path();

  /**
   * A POST that starts generations and answers with their events.
   *
   * @param framing how a stream is delimited
   */
  record Generate(String path, Framing framing, BodyReader reader) implements Route {
    /** All components are required. */
    public Generate {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(framing, "framing");
      Objects.requireNonNull(reader, "reader");
    }
  }

  /** A POST that is answered from its body, without a generation. */
  record Post(String path, PostHandler handler) implements Route {
    /** All components are required. */
    public Post {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /** A GET. */
  record Get(String path, GetHandler handler) implements Route {
    /** All components are required. */
    public Get {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /** Answers a {@link Post}. */
  @FunctionalInterface
  interface PostHandler {
    /** The answer as a JSON document. May throw whatever {@link Failures} has a status for. */
    byte[] answer(byte[] body, Registry registry);
  }

  /** Answers a {@link Get}. */
  @FunctionalInterface
  interface GetHandler {
    /**
     * The answer as a JSON document. May throw whatever {@link Failures} has a status for.
     *
     * @param rest the part of the path in place of the {@code *}, decoded; empty if the route has none
     */
    byte[] answer(String rest, Registry registry);
  }
}
