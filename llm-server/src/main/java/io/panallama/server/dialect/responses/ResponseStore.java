package io.panallama.server.dialect.responses;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.panallama.server.keys.KeyIdentity;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * The responses that clients can go back to, in memory and within limits: the oldest leave for new ones. Responses of one
 * conversation share their turns, so the length of a conversation counts once, and a turn stays as long as a response needs it. A
 * response is there only for the key that made it.
 *
 * <p>Safe for use by several threads.
 */
final class ResponseStore {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final int maxResponses;
  private final long maxBytes;
  private final ReentrantLock lock = new ReentrantLock();

  /** By their ids, the oldest first. */
  private final Map<String, Stored> responses = new LinkedHashMap<>();

  /** How many responses a turn belongs to. Turns are equal to themselves only. */
  private final Map<Turn, Integer> owners = new HashMap<>();

  private final Map<ItemKey, ObjectNode> items = new HashMap<>();

  /** Clients may choose the ids of their items. */
  private record ItemKey(KeyIdentity owner, String id) {
    static ItemKey of(KeyIdentity owner, ObjectNode item) {
      return new ItemKey(owner, item.path("id").asText());
    }
  }

  private long bytes;

  /**
   * An empty store.
   *
   * @param maxResponses the most responses
   * @param maxBytes the most characters of JSON, of responses and turns together
   */
  ResponseStore(int maxResponses, long maxBytes) {
    this.maxResponses = maxResponses;
    this.maxBytes = maxBytes;
  }

  /** The items of one request, or of one response. Each object is a turn of its own. */
  static final class Turn {
    private final List<ObjectNode> items;
    private final long bytes;

    /**
     * A turn.
     *
     * @param bytes about how long its JSON is
     */
    Turn(List<ObjectNode> items, long bytes) {
      this.items = List.copyOf(items);
      this.bytes = bytes;
    }

    /** The same with the length of its items. */
    static Turn of(List<ObjectNode> items) {
      return new Turn(items, items.stream().mapToLong(item -> item.toString().length()).sum());
    }

    List<ObjectNode> items() {
      return items;
    }

    /** About how long its JSON is. */
    long bytes() {
      return bytes;
    }
  }

  /** The generation of a response that does not end with the connection of its client. */
  interface Running {
    /** Ends the generation. */
    void cancel();

    /** The response when it was cancelled. */
    String cancelled();
  }

  /**
   * A response. It has the turns of its owner only.
   *
   * @param owner the key that made it
   * @param document what clients get of it, as JSON
   * @param input what it was made from: the turns before it, and the request's own
   * @param output what the model said
   * @param background whether its client asked not to wait for it
   * @param running its generation while that runs in the background
   * @param events its events if it was or is made in the background; those of others are made from the document
   * @param eventBytes about the size of the events that count for the store; those of a running response, which grow, don't
   */
  record Stored(
      String id,
      KeyIdentity owner,
      String document,
      List<Turn> input,
      List<Turn> output,
      boolean background,
      @Nullable Running running,
      @Nullable EventLog events,
      long eventBytes) {
    Stored {
      input = List.copyOf(input);
      output = List.copyOf(output);
    }

    /** A response without events of its own. */
    Stored(
        String id,
        KeyIdentity owner,
        String document,
        List<Turn> input,
        List<Turn> output,
        boolean background,
        @Nullable Running running) {
      this(id, owner, document, input, output, background, running, null, 0);
    }

    /** The same response with its events; the last one, which has the document, may be yet to come. */
    Stored with(@Nullable EventLog log) {
      long size = log == null || running != null ? 0 : log.bytes() + document.length();
      return new Stored(id, owner, document, input, output, background, running, log, size);
    }

    /** The document as a tree. */
    ObjectNode tree() {
      try {
        return (ObjectNode) JSON.readTree(document);
      } catch (IOException impossible) {
        throw new UncheckedIOException(impossible);
      }
    }

    /** The length of what belongs to this response alone. */
    long bytes() {
      return document.length() + eventBytes;
    }

    /** What the next request of the conversation has before it. */
    List<Turn> all() {
      return Stream.concat(input.stream(), output.stream()).toList();
    }
  }

  /** The response of this id; empty if there is none, or another key made it. */
  Optional<Stored> find(String id, KeyIdentity owner) {
    return locked(() -> Optional.ofNullable(responses.get(id)).filter(response -> response.owner().equals(owner)));
  }

  /** The newest item of this id in a response that this key made. */
  Optional<ObjectNode> item(String id, KeyIdentity owner) {
    return locked(() -> Optional.ofNullable(items.get(new ItemKey(owner, id))));
  }

  /** Keeps a response. */
  void put(Stored response) {
    List<Stored> gone =
        locked(() -> {
          responses.put(response.id(), response);
          hold(response);
          return shrink();
        });
    gone.forEach(ResponseStore::end);
  }

  /** Replaces a response unless it was replaced or removed before; says whether it did. */
  boolean replace(Stored before, Stored after) {
    List<Stored> gone = new ArrayList<>();
    boolean replaced =
        locked(() -> {
          if (responses.get(before.id()) != before) {
            return false;
          }
          responses.put(after.id(), after);
          hold(after);
          release(before);
          gone.addAll(shrink());
          return true;
        });
    gone.forEach(ResponseStore::end);
    return replaced;
  }

  /** Removes the response of this id, and ends its generation; empty if there is none, or another key made it. */
  Optional<Stored> remove(String id, KeyIdentity owner) {
    Optional<Stored> removed =
        locked(() -> {
          Optional<Stored> found = find(id, owner);
          found.ifPresent(response -> {
            responses.remove(id);
            release(response);
          });
          return found;
        });
    removed.ifPresent(ResponseStore::end);
    return removed;
  }

  /** The size of what is held. */
  long bytes() {
    return locked(() -> bytes);
  }

  private static void end(Stored response) {
    Running running = response.running();
    if (running != null) {
      running.cancel();
    }
  }

  private List<Stored> shrink() {
    List<Stored> gone = new ArrayList<>();
    Iterator<Stored> oldest = responses.values().iterator();
    while (oldest.hasNext() && (responses.size() > maxResponses || bytes > maxBytes)) {
      Stored response = oldest.next();
      oldest.remove();
      release(response);
      gone.add(response);
    }
    return gone;
  }

  private void hold(Stored response) {
    bytes += response.bytes();
    for (Turn turn : response.all()) {
      if (owners.merge(turn, 1, Integer::sum) == 1) {
        bytes += turn.bytes;
        turn.items.forEach(item -> items.put(ItemKey.of(response.owner(), item), item));
      }
    }
  }

  private void release(Stored response) {
    bytes -= response.bytes();
    for (Turn turn : response.all()) {
      if (owners.merge(turn, -1, Integer::sum) == 0) {
        owners.remove(turn);
        bytes -= turn.bytes;
        turn.items.forEach(item ->
            items.computeIfPresent(
                ItemKey.of(response.owner(), item), (id, current) -> current == item ? null : current));
      }
    }
  }

  private <T> T locked(Supplier<T> work) {
    lock.lock();
    try {
      return work.get();
    } finally {
      lock.unlock();
    }
  }
}
