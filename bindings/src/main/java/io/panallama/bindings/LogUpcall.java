package io.panallama.bindings;

import static java.lang.invoke.MethodType.methodType;

import io.panallama.bindings.generated.ggml_log_callback;
import java.lang.foreign.Arena;
import java.lang.foreign.Linker;
import java.lang.foreign.MemorySegment;
import java.lang.invoke.MethodHandle;
import java.lang.invoke.MethodHandles;
import java.lang.ref.WeakReference;
import java.util.Objects;
import java.util.function.ObjIntConsumer;

/**
 * The function that llama.cpp calls for its log, which stays in the process for good.
 *
 * <p>An upcall stub that leads to a class of ours would keep its class loader alive as long. This one is made of the
 * JDK's classes only and refers to the listener weakly; once the listener's class loader has been unloaded, it does
 * nothing. What remains of a class loader is the stub: some hundred bytes of native memory.
 */
public final class LogUpcall {
  private LogUpcall() {}

  /**
   * Makes the function.
   *
   * @param listener gets the text, which is valid during the call, and the level; called on any thread, and must not
   *     throw, because that would end the JVM. The caller has to keep it reachable
   */
  public static MemorySegment allocate(ObjIntConsumer<MemorySegment> listener) {
    return allocate(listener, Arena.global());
  }

  /** Makes the function for as long as an arena lives. */
  @SuppressWarnings("restricted")
  static MemorySegment allocate(ObjIntConsumer<MemorySegment> listener, Arena arena) {
    return Linker.nativeLinker().upcallStub(target(listener), ggml_log_callback.descriptor(), arena);
  }

  /** {@code (level, text, userData) -> { var it = weak.get(); if (it != null) it.accept(text, level); }}. */
  private static MethodHandle target(ObjIntConsumer<MemorySegment> listener) {
    try {
      MethodHandles.Lookup jdk = MethodHandles.publicLookup();
      MethodHandle accept =
          jdk.findVirtual(ObjIntConsumer.class, "accept", methodType(void.class, Object.class, int.class));
      MethodHandle present =
          jdk.findStatic(Objects.class, "nonNull", methodType(boolean.class, Object.class))
              .asType(methodType(boolean.class, ObjIntConsumer.class));
      MethodHandle ifPresent = MethodHandles.guardWithTest(present, accept, MethodHandles.empty(accept.type()));
      MethodHandle get =
          jdk.findVirtual(WeakReference.class, "get", methodType(Object.class))
              .bindTo(new WeakReference<>(listener))
              .asType(methodType(ObjIntConsumer.class));
      MethodHandle call =
          MethodHandles.foldArguments(ifPresent, get).asType(methodType(void.class, MemorySegment.class, int.class));
      return MethodHandles.permuteArguments(
          call, methodType(void.class, int.class, MemorySegment.class, MemorySegment.class), 1, 0);
    } catch (ReflectiveOperationException everyJdkHasThem) {
      throw new IllegalStateException(everyJdkHasThem);
    }
  }
}
