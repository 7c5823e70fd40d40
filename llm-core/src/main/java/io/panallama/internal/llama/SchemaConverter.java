package io.panallama.internal.llama;

import static io.panallama.error.InvalidRequestException.name;
import static java.lang.foreign.ValueLayout.ADDRESS;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.error.InvalidRequestException;
import java.lang.foreign.Arena;
import java.lang.foreign.MemorySegment;
import java.nio.charset.StandardCharsets;

/** Converts JSON schemas to GBNF. Thread-safe. */
public final class SchemaConverter {
  private SchemaConverter() {}

  /**
   * @param parameter the field that contains the schema
   * @param schema bounded by the caller; see the bridge's header
   * @throws InvalidRequestException if it can't be converted; the message says where in the schema
   */
  public static String grammar(String parameter, String schema) {
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment out = arena.allocate(ADDRESS);
      ErrorText error = new ErrorText(arena);
      MemorySegment text = arena.allocateFrom(schema, StandardCharsets.UTF_8);
      int status = LlamaCpp.panallama_schema_grammar(text, out, error.slot());
      NativeInterruption.check(status, error);
      if (status == LlamaCpp.PANALLAMA_NO_MEMORY()) {
        throw MemoryShortage.ofNative("the grammar of a schema, whose conversion has a stack of 256 MiB");
      }
      if (status != LlamaCpp.PANALLAMA_OK()) {
        throw new InvalidRequestException(parameter, name(parameter) + " has a fault " + error.take() + ".");
      }
      return ErrorText.takeText(out, "");
    }
  }
}
