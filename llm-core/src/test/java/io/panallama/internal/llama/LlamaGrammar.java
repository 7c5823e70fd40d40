package io.panallama.internal.llama;

import static java.lang.foreign.ValueLayout.ADDRESS;
import static java.lang.foreign.ValueLayout.JAVA_BYTE;
import static java.lang.foreign.ValueLayout.JAVA_FLOAT;
import static java.lang.foreign.ValueLayout.JAVA_INT;
import static java.lang.foreign.ValueLayout.JAVA_LONG;

import io.panallama.bindings.generated.LlamaCpp;
import io.panallama.bindings.generated.LoadedLibraries;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.util.BitSet;

/** llama.cpp's own grammar, which no product code uses: what ours is compared with. */
@SuppressWarnings("restricted")
final class LlamaGrammar implements AutoCloseable {
  private static final MethodHandle NEW =
      function("llama_sampler_init_grammar", FunctionDescriptor.of(ADDRESS, ADDRESS, ADDRESS, ADDRESS));
  private static final MethodHandle APPLY =
      function("llama_sampler_apply", FunctionDescriptor.ofVoid(ADDRESS, ADDRESS));
  private static final MethodHandle ACCEPT =
      function("llama_sampler_accept", FunctionDescriptor.ofVoid(ADDRESS, JAVA_INT));
  private static final MethodHandle MEMBER =
      function("llama_sampler_chain_get", FunctionDescriptor.of(ADDRESS, ADDRESS, JAVA_INT));
  private static final MethodHandle EFFORT = function("panallama_effort_spent", FunctionDescriptor.of(JAVA_LONG));

  private static final long CANDIDATE = 12; // llama_token_data: id, logit, p

  private final Arena arena = Arena.ofConfined();
  private final MemorySegment sampler;
  private final int vocabulary;

  private LlamaGrammar(ModelHandle model, String gbnf) {
    this.vocabulary = model.vocabularySize();
    this.sampler = (MemorySegment) call(NEW, model.vocabulary(), arena.allocateFrom(gbnf), arena.allocateFrom("root"));
  }

  /** Compiles a grammar with the root "root". */
  static LlamaGrammar compile(ModelHandle model, String gbnf) {
    return new LlamaGrammar(model, gbnf);
  }

  boolean compiled() {
    return sampler.address() != 0;
  }

  /** The tokens that may come next. */
  BitSet allowed() {
    return allowed(sampler, vocabulary);
  }

  /** How much work on grammars, ours and not llama.cpp's, this thread has done so far. */
  static long effortSpent() {
    return (long) call(EFFORT);
  }

  /** The tokens that the first member of a chain allows. */
  static BitSet allowed(SamplerChain chain, int vocabulary) {
    return allowed((MemorySegment) call(MEMBER, chain.pointer(), 0), vocabulary);
  }

  private static BitSet allowed(MemorySegment sampler, int vocabulary) {
    try (Arena scratch = Arena.ofConfined()) {
      MemorySegment candidates = scratch.allocate(CANDIDATE * vocabulary, 4);
      for (int token = 0; token < vocabulary; token++) {
        candidates.set(JAVA_INT, token * CANDIDATE, token);
      }
      // llama_token_data_array: data, size, selected, sorted
      MemorySegment array = scratch.allocate(32, 8);
      array.set(ADDRESS, 0, candidates);
      array.set(JAVA_LONG, 8, vocabulary);
      array.set(JAVA_LONG, 16, -1);
      array.set(JAVA_BYTE, 24, (byte) 0);
      call(APPLY, sampler, array);
      BitSet allowed = new BitSet(vocabulary);
      for (int token = 0; token < vocabulary; token++) {
        allowed.set(
            candidates.get(JAVA_INT, token * CANDIDATE),
            candidates.get(JAVA_FLOAT, token * CANDIDATE + 4) != Float.NEGATIVE_INFINITY);
      }
      return allowed;
    }
  }

  /** One that is allowed: llama.cpp ends the process otherwise. */
  void accept(int token) {
    call(ACCEPT, sampler, token);
  }

  @Override
  public void close() {
    if (compiled()) {
      LlamaCpp.llama_sampler_free(sampler);
    }
    arena.close();
  }

  private static MethodHandle function(String name, FunctionDescriptor type) {
    return Linker.nativeLinker().downcallHandle(LoadedLibraries.find(name).orElseThrow(), type);
  }

  private static Object call(MethodHandle function, Object... arguments) {
    try {
      return function.invokeWithArguments(arguments);
    } catch (RuntimeException | Error thrown) {
      throw thrown;
    } catch (Throwable impossible) {
      throw new IllegalStateException(impossible);
    }
  }
}
