package io.panallama.internal.request;

import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.function.IntFunction;
import org.jspecify.annotations.Nullable;

/** The prepared requests of generations that start together. Owns each one until it is taken. Not thread-safe. */
public final class PreparedGroup implements AutoCloseable {
  private final @Nullable PreparedRequest[] requests;

  private PreparedGroup(List<PreparedRequest> requests) {
    this.requests = requests.toArray(PreparedRequest[]::new);
  }

  /**
   * Makes a group.
   *
   * @param maker makes each; if it throws, those made before are closed
   */
  public static PreparedGroup of(int size, IntFunction<PreparedRequest> maker) {
    List<PreparedRequest> made = new ArrayList<>(size);
    try {
      for (int i = 0; i < size; i++) {
        made.add(maker.apply(i));
      }
      return new PreparedGroup(made);
    } catch (Throwable failure) {
      made.forEach(PreparedRequest::close);
      throw failure;
    }
  }

  /** The length of the prompt, which all of them have. Before any is taken. */
  public int promptTokens() {
    return Objects.requireNonNull(requests[0], "taken").request().prompt().length;
  }

  /** Passes a request on to its generation. */
  public PreparedRequest take(int index) {
    PreparedRequest taken = Objects.requireNonNull(requests[index], "taken twice");
    requests[index] = null;
    return taken;
  }

  /** Frees those that were not taken. */
  @Override
  public void close() {
    for (PreparedRequest left : requests) {
      if (left != null) {
        left.close();
      }
    }
  }
}
