package io.panallama.bindings;

import static io.panallama.bindings.generated.LlamaCpp.C_BOOL;
import static io.panallama.bindings.generated.LlamaCpp.C_FLOAT;
import static io.panallama.bindings.generated.LlamaCpp.C_INT;
import static io.panallama.bindings.generated.LlamaCpp.C_LONG_LONG;
import static io.panallama.bindings.generated.LlamaCpp.C_POINTER;

import io.panallama.bindings.generated.ggml_threadpool_params;
import io.panallama.bindings.generated.llama_context_params;
import io.panallama.bindings.generated.llama_model_params;
import io.panallama.bindings.generated.llama_progress_callback;
import java.lang.foreign.Arena;
import java.lang.foreign.FunctionDescriptor;
import java.lang.foreign.Linker;
import java.lang.foreign.MemoryLayout;
import java.util.List;

/**
 * The signatures of the native calls between the load of the libraries and the first token of an answer.
 *
 * <p>The JVM makes code for each signature when it is first linked. No AOT cache holds that code, and all of it together
 * takes longer than anything else at the start of a process. It needs no library, so it can be made while they are loaded.
 * Stateless.
 */
public final class Signatures {
  private static final System.Logger LOG = System.getLogger(Signatures.class.getPackageName());

  private Signatures() {}

  /** Starts {@link #link} on a thread of its own, which ends with it. A failure is left to the first call that needs them. */
  public static void linkBeside() {
    Thread.ofPlatform()
        .name("panallama-signatures")
        .daemon(true)
        .start(() -> {
          try {
            link();
          } catch (RuntimeException | LinkageError reported) {
            LOG.log(System.Logger.Level.DEBUG, "The signatures of native calls can't be linked ahead.", reported);
          }
        });
  }

  /**
   * Makes the JVM's code for the signatures, roughly in the order of their use, on the current thread. What another thread
   * needs meanwhile is made once, by whichever comes first. Repeating it is harmless.
   *
   * @throws IllegalCallerException if native access is forbidden
   */
  @SuppressWarnings("restricted")
  public static void link() {
    Linker linker = Linker.nativeLinker();
    try (Arena arena = Arena.ofConfined()) {
      // What links an upcall is its allocation; nothing calls these two.
      var _ = LogUpcall.allocate((text, level) -> {}, arena);
      var _ = llama_progress_callback.allocate((share, data) -> true, arena);
    }
    for (FunctionDescriptor signature : firstCalls()) {
      linker.downcallHandle(signature);
    }
  }

  /** The signatures of the calls, each once. */
  public static List<FunctionDescriptor> firstCalls() {
    return List.of(
        function(llama_model_params.layout()),
        function(C_LONG_LONG),
        function(C_POINTER, C_LONG_LONG),
        procedure(C_POINTER, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER),
        function(C_POINTER, C_POINTER, C_POINTER),
        function(C_POINTER, C_POINTER, llama_model_params.layout()),
        function(C_INT, C_POINTER, C_INT, C_POINTER, C_LONG_LONG),
        function(C_INT, C_POINTER, C_POINTER, C_LONG_LONG),
        function(C_BOOL, C_POINTER),
        function(C_LONG_LONG, C_POINTER),
        function(C_INT, C_POINTER, C_INT),
        function(C_BOOL, C_POINTER, C_INT),
        function(C_INT, C_POINTER, C_INT, C_POINTER, C_POINTER, C_LONG_LONG, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_POINTER, C_POINTER, C_INT, C_POINTER, C_POINTER),
        function(llama_context_params.layout()),
        function(C_POINTER, C_POINTER, llama_context_params.layout()),
        function(ggml_threadpool_params.layout(), C_INT),
        function(C_BOOL, C_POINTER, C_INT, C_INT, C_INT),
        procedure(C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_INT, C_POINTER, C_INT, C_POINTER, C_INT, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_INT, C_BOOL, C_BOOL, C_POINTER, C_INT, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_POINTER),
        function(C_INT, C_INT, C_POINTER, C_POINTER),
        function(C_INT, C_FLOAT, C_LONG_LONG, C_POINTER, C_POINTER),
        function(C_INT, C_FLOAT, C_POINTER, C_POINTER),
        function(C_INT, C_POINTER, C_POINTER, C_INT, C_POINTER, C_POINTER));
  }

  private static FunctionDescriptor function(MemoryLayout result, MemoryLayout... parameters) {
    return FunctionDescriptor.of(result, parameters);
  }

  private static FunctionDescriptor procedure(MemoryLayout... parameters) {
    return FunctionDescriptor.ofVoid(parameters);
  }
}
