package io.panallama.internal.llama;

import static org.assertj.core.api.Assertions.assertThat;

import io.panallama.bindings.Signatures;
import io.panallama.bindings.generated.LlamaCpp;
import java.lang.foreign.FunctionDescriptor;
import java.lang.invoke.MethodHandle;
import java.lang.reflect.Method;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.Map;
import java.util.Set;
import java.util.function.Supplier;
import org.junit.jupiter.api.Test;

class FirstCallsTest {
  private static final String HANDLE = "$handle";

  @Test
  void theirSignaturesAreThoseThatAreLinkedAheadOfTheLibraries() throws ReflectiveOperationException {
    Natives.load();
    Map<MethodHandle, FunctionDescriptor> bound = new IdentityHashMap<>();
    for (Method getter : LlamaCpp.class.getMethods()) {
      if (getter.getName().endsWith(HANDLE)) {
        String name = getter.getName().substring(0, getter.getName().length() - HANDLE.length());
        Method descriptor = LlamaCpp.class.getMethod(name + "$descriptor");
        bound.put((MethodHandle) getter.invoke(null), (FunctionDescriptor) descriptor.invoke(null));
      }
    }
    Set<FunctionDescriptor> called = new HashSet<>();
    for (Supplier<MethodHandle> call : FirstCalls.CALLS) {
      called.add(bound.get(call.get()));
    }
    assertThat(Signatures.firstCalls()).doesNotHaveDuplicates().containsExactlyInAnyOrderElementsOf(called);
  }
}
