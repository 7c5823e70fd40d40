package io.panallama.bindings;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import io.panallama.bindings.NativeLoadException.Reason;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

class AbiCheckTest {
  private final FakeLinkage linkage = new FakeLinkage();

  @Test
  void expectsTheVersionThatTheBuildNames() {
    assertThat(AbiCheck.LLAMA_VERSION).isEqualTo(System.getProperty("panallama.test.llamaVersion"));
  }

  @Test
  void acceptsMatchingLibraries() {
    for (String version : List.of("0.5.0", "0.5.0-dev", "0.5.0-12-gabcdef")) {
      linkage.llamaVersion = version;
      assertThatCode(this::check).doesNotThrowAnyException();
    }
  }

  @Test
  void refusesAnotherLlamaCpp() {
    for (String version : List.of("0.5.1", "0.5.01", "0.6.0", "0.5", "")) {
      linkage.llamaVersion = version;
      assertFails(Reason.WRONG_VERSION, "llama.cpp is version " + version + ", the bindings are for 0.5.0");
    }
  }

  @Test
  void refusesABridgeForAnotherLlamaCpp() {
    linkage.bridgeLlamaVersion = "0.4.9";
    assertFails(Reason.WRONG_VERSION, "the bridge in The libraries in X: llama.cpp is version 0.4.9");
  }

  @Test
  void refusesAnotherBridge() {
    linkage.bridgeVersion = 77;
    assertFails(Reason.WRONG_VERSION, "the bridge has version 77");
  }

  @Test
  void namesAMissingFunction() {
    linkage.missingFunctions.addAll(List.of("llama_encode", "llama_free"));
    assertFails(
        Reason.MISSING_SYMBOL, "lack 2 of the functions that the bindings call, the first of which is llama_encode");
  }

  @Test
  void asksForNothingBeforeItsOwnFunctionsAreThere() {
    linkage.missingFunctions.add("panallama_bridge_version");
    linkage.llamaVersion = "0.6.0";
    assertFails(Reason.MISSING_SYMBOL, "panallama_bridge_version");
  }

  @Test
  void reportsAnotherVersionBeforeItsMissingFunctions() {
    linkage.missingFunctions.add("llama_free");
    linkage.llamaVersion = "0.6.0";
    assertFails(Reason.WRONG_VERSION, "0.6.0");
  }

  @Test
  void refusesAnotherLayout() {
    StructLayouts.Row row = linkage.layouts.getFirst();
    linkage.layouts = new ArrayList<>(linkage.layouts);
    linkage.layouts.set(0, new StructLayouts.Row(row.struct(), "", 0, row.size() + 8));
    assertFails(Reason.WRONG_LAYOUT, "struct %s has %d bytes".formatted(row.struct(), row.size() + 8));
  }

  private void check() {
    AbiCheck.ofGenerated().check(linkage, "The libraries in X");
  }

  private void assertFails(Reason reason, String message) {
    assertThatExceptionOfType(NativeLoadException.class)
        .isThrownBy(this::check)
        .withMessageContaining(message)
        .satisfies(e -> assertThat(e.reason()).isEqualTo(reason));
  }
}
