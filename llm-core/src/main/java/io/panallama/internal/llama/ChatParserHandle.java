package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.internal.stream.ChatParser;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.lang.ref.Cleaner;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.locks.ReentrantLock;

/**
 * Owns the parser of one answer. It depends on no model or context, so a forgotten one can be freed by a cleaner.
 * Thread-safe.
 */
public final class ChatParserHandle implements ChatParser {
  private static final Cleaner CLEANER = Cleaner.create();

  private final MemorySegment parser;
  private final Cleaner.Cleanable cleanable;
  private final ReentrantLock lock = new ReentrantLock();
  private boolean closed;

  /** Must not refer to the handle, which would then never become unreachable. */
  private record Free(MemorySegment parser) implements Runnable {
    @Override
    public void run() {
      LlamaCpp.panallama_chat_parser_free(parser);
    }
  }

  private ChatParserHandle(MemorySegment parser) {
    this.parser = parser;
    this.cleanable = CLEANER.register(this, new Free(parser));
  }

  /**
   * @param description the JSON object from the template
   * @throws IllegalArgumentException if it is not a valid description
   */
  public static ChatParserHandle create(String description) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      MemorySegment text = arena.allocateFrom(description, StandardCharsets.UTF_8);
      int status = LlamaCpp.panallama_chat_parser_new(text, out, error.slot());
      if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
        throw noMemory();
      }
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new IllegalArgumentException("The parser of the answer can't be made: " + error.take());
      }
      MemorySegment parser = out.get(ADDRESS, 0);
      return Owned.build(owned -> new ChatParserHandle(owned.add(parser, LlamaCpp::panallama_chat_parser_free)));
    }
  }

  private static OutOfMemoryError noMemory() {
    return MemoryShortage.ofNative("the parser of the answer, which has a stack of 256 MiB");
  }

  @Override
  public Update update(String text, boolean last) {
    byte[] bytes = text.getBytes(StandardCharsets.UTF_8);
    lock.lock();
    try (Arena arena = Arena.ofConfined()) {
      if (closed) {
        return new Update(null, null);
      }
      MemorySegment source = arena.allocate(Math.max(1, bytes.length));
      MemorySegment.copy(bytes, 0, source, JAVA_BYTE, 0, bytes.length);
      MemorySegment deltas = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      int status = LlamaCpp.panallama_chat_parser_update(parser, source, bytes.length, last, deltas, error.slot());
      if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
        // The reader of an answer gets it.
        throw MemoryShortage.of(noMemory());
      }
      if (status != LlamaCpp.PANALLAMA_OK()) {
        return new Update(null, error.take());
      }
      return new Update(ErrorText.takeOptional(deltas).orElse(null), null);
    } finally {
      lock.unlock();
    }
  }

  @Override
  public void close() {
    lock.lock();
    try {
      closed = true;
      cleanable.clean();
    } finally {
      lock.unlock();
    }
  }
}
