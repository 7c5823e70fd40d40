package io.panallama.server.dialect;

import io.panallama.server.registry.Registry;
import java.io.IOException;
import java.io.InputStream;
import java.util.Objects;

/** Something that a dialect answers: a method and a path, and what happens there. */
public sealed interface Route {
  /**
   * The path. A {@code *} at the end stands for anything that may follow, slashes included; one in the middle stands for one
   * segment. Of several routes that a path fits, the first is taken. A path is answered with and without {@code /v1} in front, unless another route has the
   * other form, and with a slash at its end.
   */
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

  /** A POST that is answered without a generation. */
  record Post(String path, Handler handler) implements Route {
    /** All components are required. */
    public Post {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /** A GET, and a HEAD. */
  record Get(String path, Handler handler) implements Route {
    /** All components are required. */
    public Get {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /**
   * A GET, and a HEAD, of a request with a header by which clients of one API can be told from those of another that has the
   * same path. It goes before a {@link Get}, which answers the other requests.
   *
   * @param header the header's name
   */
  record HeaderGet(String path, String header, Handler handler) implements Route {
    /** All components are required. */
    public HeaderGet {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(header, "header");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /**
   * A POST of the API that the server refuses, whatever its body is.
   *
   * @param error says what the server doesn't do
   */
  record Refused(String path, ApiException error) implements Route {
    /** All components are required. */
    public Refused {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(error, "error");
    }
  }

  /** A POST whose body is read as it comes, because it has files. */
  record Upload(String path, UploadHandler handler) implements Route {
    /** All components are required. */
    public Upload {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /** A DELETE. */
  record Delete(String path, Handler handler) implements Route {
    /** All components are required. */
    public Delete {
      Objects.requireNonNull(path, "path");
      Objects.requireNonNull(handler, "handler");
    }
  }

  /** Answers a request whose body is read as it comes. */
  @FunctionalInterface
  interface UploadHandler {
    /**
     * The answer. May throw whatever {@link Failures} has a status for.
     *
     * @param request without its body
     * @param body fails if the client leaves before its end; need not be read to its end, and the caller closes it
     */
    Answer answer(ClientRequest request, InputStream body, Registry registry) throws IOException;
  }

  /** Answers a request without a generation. */
  @FunctionalInterface
  interface Handler {
    /** The answer. May throw whatever {@link Failures} has a status for. */
    Answer answer(ClientRequest request, Registry registry);
  }
}
