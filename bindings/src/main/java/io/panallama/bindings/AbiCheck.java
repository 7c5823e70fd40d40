package io.panallama.bindings;

import io.panallama.bindings.NativeLoadException.Reason;
import io.panallama.bindings.generated.LlamaCpp;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.lang.foreign.GroupLayout;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/**
 * Compares loaded libraries with the headers that the bindings were generated from. llama.cpp may change structs and
 * functions in any 0.x version, and a call through a wrong binding corrupts memory or ends the process.
 */
final class AbiCheck {
  /** The llama.cpp version of the headers that the generated code comes from. */
  static final String LLAMA_VERSION = "0.5.0";

  static final int BRIDGE_VERSION = LlamaCpp.PANALLAMA_BRIDGE_VERSION();

  /** The functions that the check itself calls. */
  private static final List<String> CALLED_FIRST =
      List.of("llama_version", "panallama_bridge_version", "panallama_llama_version", "panallama_layouts");

  private final List<String> functions;
  private final Map<String, GroupLayout> layouts;

  AbiCheck(List<String> functions, Map<String, GroupLayout> layouts) {
    this.functions = functions;
    this.layouts = layouts;
  }

  /** The check against the generated code. */
  static AbiCheck ofGenerated() {
    return new AbiCheck(boundFunctions(), StructLayouts.generated());
  }

  /**
   * Checks versions, functions and struct layouts, in this order.
   *
   * @param where the name of the libraries in messages
   * @throws NativeLoadException with {@link Reason#WRONG_VERSION}, {@link Reason#MISSING_SYMBOL} or {@link
   *     Reason#WRONG_LAYOUT}
   */
  void check(Linkage linkage, String where) {
    requireFunctions(CALLED_FIRST, linkage, where);
    checkVersions(linkage.llamaVersion(), linkage.bridgeVersion(), where);
    checkVersions(linkage.bridgeLlamaVersion(), linkage.bridgeVersion(), "the bridge in " + where);
    requireFunctions(functions, linkage, where);
    StructLayouts.difference(linkage.layouts(), layouts)
        .ifPresent(difference -> {
          throw new NativeLoadException(
              Reason.WRONG_LAYOUT,
              "%s do not match the bindings: %s; build them from llama.cpp %s"
                  .formatted(where, difference, LLAMA_VERSION));
        });
  }

  /**
   * Checks only the versions, as an index states them.
   *
   * @throws NativeLoadException with {@link Reason#WRONG_VERSION}
   */
  static void checkVersions(String llamaVersion, int bridgeVersion, String where) {
    // Builds between releases, and the npm packages, report "0.5.0-dev".
    if (!llamaVersion.equals(LLAMA_VERSION) && !llamaVersion.startsWith(LLAMA_VERSION + "-")) {
      throw new NativeLoadException(
          Reason.WRONG_VERSION,
          "%s: llama.cpp is version %s, the bindings are for %s; use libraries and bindings of one release"
              .formatted(where, llamaVersion, LLAMA_VERSION));
    }
    if (bridgeVersion != BRIDGE_VERSION) {
      throw new NativeLoadException(
          Reason.WRONG_VERSION,
          "%s: the bridge has version %d, the bindings are for %d; use libraries and bindings of one release"
              .formatted(where, bridgeVersion, BRIDGE_VERSION));
    }
  }

  private static void requireFunctions(List<String> names, Linkage linkage, String where) {
    List<String> missing = names.stream().filter(name -> !linkage.resolves(name)).toList();
    if (!missing.isEmpty()) {
      throw new NativeLoadException(
          Reason.MISSING_SYMBOL,
          "%s lack %d of the functions that the bindings call, the first of which is %s; build them from llama.cpp %s"
              .formatted(where, missing.size(), missing.getFirst(), LLAMA_VERSION));
    }
  }

  /** The functions that the include list binds; jextract/generate.sh writes their names beside this class. */
  static List<String> boundFunctions() {
    try (InputStream in = AbiCheck.class.getResourceAsStream("functions.txt")) {
      if (in == null) {
        throw new IllegalStateException("functions.txt is missing from the bindings");
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8).lines().toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
