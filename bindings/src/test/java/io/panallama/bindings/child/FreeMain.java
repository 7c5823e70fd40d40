package io.panallama.bindings.child;

import io.panallama.bindings.BackendChoice;
import io.panallama.bindings.NativeLibraries;
import io.panallama.bindings.generated.LlamaCpp;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.foreign.ValueLayout;
import java.lang.invoke.MethodHandle;

/**
 * Makes samplers and frees a template and two parsers in a process that gets no more address space: the former fail with a
 * status, the latter cannot fail. For Linux.
 */
public final class FreeMain {
  private static final int RLIMIT_AS = 9;
  private static final int GIBIBYTE_OF_TOKENS = 1 << 28;
  private static final String PARSER =
      """
      {"format": 0, "parser": "", "reasoning_format": "none", "generation_prompt": "%s", "tool_calls": false,
       "continuation": false}
      """;

  private FreeMain() {}

  public static void main(String[] args) throws Throwable {
    NativeLibraries.load(BackendChoice.CPU, () -> {});
    try (Arena arena = Arena.ofConfined()) {
      MemorySegment source = arena.allocateFrom("{{ messages[0].content" + " ~ 'a'".repeat(500) + " }}");
      MemorySegment template = template(arena, source);
      MemorySegment parser = parser(arena, "");
      MemorySegment deepParser = parser(arena, "[".repeat(1000));
      System.out.println("made " + LlamaCpp.panallama_live_objects());

      // Everything that runs without memory has run once before: the JVM itself has to get by, too.
      LlamaCpp.panallama_chat_parser_free(parser(arena, ""));
      LlamaCpp.panallama_chat_template_free(MemorySegment.NULL);
      MethodHandle setLimit = limit("setrlimit");
      MemorySegment before = arena.allocate(ValueLayout.JAVA_LONG, 2);
      check((int) limit("getrlimit").invokeExact(RLIMIT_AS, before));
      MemorySegment nothing = arena.allocate(ValueLayout.JAVA_LONG, 2);
      nothing.setAtIndex(ValueLayout.JAVA_LONG, 0, 1);
      nothing.setAtIndex(ValueLayout.JAVA_LONG, 1, before.getAtIndex(ValueLayout.JAVA_LONG, 1));
      check((int) setLimit.invokeExact(RLIMIT_AS, before));
      MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
      check(LlamaCpp.panallama_sampler_penalties(10, 10, 1, 0, 0, out, MemorySegment.NULL));
      LlamaCpp.llama_sampler_free(out.get(ValueLayout.ADDRESS, 0));

      check((int) setLimit.invokeExact(RLIMIT_AS, nothing));
      int status = LlamaCpp.panallama_chat_template_new(MemorySegment.NULL, source, out, MemorySegment.NULL);
      int samplerStatus = penalties(out);
      LlamaCpp.panallama_chat_template_free(template);
      LlamaCpp.panallama_chat_parser_free(parser);
      LlamaCpp.panallama_chat_parser_free(deepParser);
      long left = LlamaCpp.panallama_live_objects();
      check((int) setLimit.invokeExact(RLIMIT_AS, before));

      System.out.println("without memory: a new template " + (status == LlamaCpp.PANALLAMA_OK() ? "works" : "fails"));
      System.out.println(
          "without memory: a sampler says " + (samplerStatus == LlamaCpp.PANALLAMA_NO_MEMORY() ? "so" : samplerStatus));
      System.out.println("freed, " + left + " left");
    }
  }

  private static int penalties(MemorySegment out) {
    return LlamaCpp.panallama_sampler_penalties(10, GIBIBYTE_OF_TOKENS, 1.1f, 0, 0, out, MemorySegment.NULL);
  }

  private static MemorySegment template(Arena arena, MemorySegment source) {
    MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    check(LlamaCpp.panallama_chat_template_new(MemorySegment.NULL, source, out, MemorySegment.NULL));
    return out.get(ValueLayout.ADDRESS, 0);
  }

  private static MemorySegment parser(Arena arena, String generationPrompt) {
    MemorySegment description = arena.allocateFrom(PARSER.formatted(generationPrompt));
    MemorySegment out = arena.allocate(ValueLayout.ADDRESS);
    check(LlamaCpp.panallama_chat_parser_new(description, out, MemorySegment.NULL));
    return out.get(ValueLayout.ADDRESS, 0);
  }

  @SuppressWarnings("restricted")
  private static MethodHandle limit(String function) {
    Linker linker = Linker.nativeLinker();
    return linker.downcallHandle(
        linker.defaultLookup().findOrThrow(function),
        FunctionDescriptor.of(ValueLayout.JAVA_INT, ValueLayout.JAVA_INT, ValueLayout.ADDRESS));
  }

  private static void check(int status) {
    if (status != 0) {
      throw new IllegalStateException("status " + status);
    }
  }
}
